// What "hello" costs: the request that really reaches the model, in tokens at four characters each (the usual estimate
// for English; a model's own tokenizer differs by some tenths).
import { configFor, figure, removeHome, startGateway, startInstantModel, turn } from "./harness.ts";

const charactersPerToken = 4;

const model = await startInstantModel();
const gateway = await startGateway({ config: configFor(model.baseUrl) });
await turn(gateway, "tokens", "hello");
const { messages, tools = [] } = JSON.parse(model.lastRequest()) as { messages: unknown; tools?: unknown };
figure('"hello" with default tools', [tokens([messages, tools]), "tokens"], { atMost: 4_000 });
figure("  of which tool schemas", [tokens(tools), "tokens"]);
await gateway.stop();
await model.close();
removeHome(gateway.home);

function tokens(value: unknown): number {
  return JSON.stringify(value).length / charactersPerToken;
}
