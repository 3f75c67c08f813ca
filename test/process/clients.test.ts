// The second demonstration: a new user's own provider set up by one command, then the official client of the OpenAI API
// streams a chat through the gateway, in which the model calls a tool that really runs.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import OpenAI from "openai";
import { filesWith } from "../faux/outside/files.ts";
import { whyNoSandbox } from "../faux/outside/host.ts";
import { searchMemory } from "../faux/outside/memory.ts";
import { processesBelow } from "../faux/outside/processes.ts";
import { createInstallation, onboard } from "../faux/installation.ts";
import type { Installation } from "../faux/installation.ts";
import { startFauxProvider } from "../faux/provider.ts";
import type { FauxProvider, FauxReply, FauxRequest } from "../faux/provider.ts";
import { sealedIn } from "../faux/vault/test-vault.ts";

const key = "key-of-the-demonstration-d0a9";
const wires = [
  { compatibility: "openai", path: "/v1/chat/completions", header: "authorization", value: `Bearer ${key}` },
  { compatibility: "anthropic", path: "/v1/messages", header: "x-api-key", value: key },
] as const;
// The model's tool call has to run somewhere.
const skip = whyNoSandbox() ?? false;

for (const wire of wires) {
  suite(`a provider that speaks as ${wire.compatibility}`, { concurrency: false, skip }, () => {
    let lorica: Installation;
    let provider: FauxProvider;
    let broker: number;
    let client: OpenAI;

    before(async () => {
      provider = await startFauxProvider({ script: [{ text: "Checked." }] });
      lorica = await createInstallation();
      await onboard(lorica, { url: provider.url, key, compatibility: wire.compatibility });
      broker = (await lorica.start()).pid ?? 0;
      for (const endpoint of ["chatCompletions", "responses"]) {
        const set = await lorica.run(["config", "set", `gateway.http.endpoints.${endpoint}.enabled`, "true"]);
        assert.equal(set.code, 0, set.stderr);
      }
      client = new OpenAI({ baseURL: `http://127.0.0.1:${lorica.port}/v1`, apiKey: lorica.token, maxRetries: 0 });
      await untilOpen(lorica);
    });
    after(async () => {
      await lorica?.remove();
      await provider?.close();
    });

    test("GW-005 GW-047 PRV-013 its stream holds what a real tool call found, then the usage", async () => {
      provider.play(callThenAnswer("touch made-by-chat && echo counted $((6*7))"));
      const said: string[] = [];
      const usages: unknown[] = [];
      const reasons: unknown[] = [];
      const stream = await client.chat.completions.create({
        model: "openclaw",
        messages: [{ role: "user", content: "make a file, then count" }],
        stream: true,
        stream_options: { include_usage: true },
      });
      for await (const chunk of stream) {
        for (const choice of chunk.choices) {
          said.push(choice.delta.content ?? "");
          if (choice.finish_reason !== null) reasons.push(choice.finish_reason);
        }
        if (chunk.usage) usages.push(chunk.usage);
      }
      assert.match(said.join(""), /The command said: [^]*counted 42/);
      assert.ok(said.length > 2, "the answer came in pieces");
      assert.deepEqual(reasons, ["stop"]);
      assert.equal(usages.length, 1);
      const { prompt_tokens, completion_tokens, total_tokens } = usages[0] as OpenAI.CompletionUsage;
      assert.deepEqual([prompt_tokens, completion_tokens, total_tokens], [200, 40, 240]);
      assert.ok(existsSync(join(lorica.workspace, "made-by-chat")), "the command ran in the workspace");
      assert.deepEqual(
        provider.requests.slice(-2).map(({ path, headers }) => [path, headers[wire.header]]),
        [
          [wire.path, wire.value],
          [wire.path, wire.value],
        ],
      );
    });

    test("GW-006 the same through /v1/responses, streamed and not", async () => {
      provider.play(callThenAnswer("echo counted $((6*9))"));
      const kinds: string[] = [];
      let said = "";
      const stream = await client.responses.create({ model: "openclaw", input: "count", stream: true });
      for await (const event of stream) {
        kinds.push(event.type);
        if (event.type === "response.output_text.delta") said += event.delta;
        if (event.type !== "response.completed") continue;
        assert.equal(event.response.output_text ?? said, said);
        assert.deepEqual([event.response.usage?.input_tokens, event.response.usage?.output_tokens], [200, 40]);
      }
      assert.deepEqual([kinds[0], kinds.at(-1)], ["response.created", "response.completed"]);
      assert.match(said, /The command said: [^]*counted 54/);
      provider.play(callThenAnswer("echo counted $((6*8))"));
      const whole = await client.responses.create({ model: "openclaw", input: "count" });
      assert.match(whole.output_text, /counted 48/);
    });

    test("the rehearsal model's grammar is only words to anybody who comes over HTTP", async () => {
      provider.play([{ text: "I see some words." }]);
      const grammar = '!call exec {"command":"touch made-by-grammar"}\n!say done';
      for (const model of ["openclaw", "openclaw/main"]) {
        for (const header of [{}, { "x-openclaw-model": "rehearsal/rehearsal" }]) {
          const answer = await client.chat.completions
            .create({ model, messages: [{ role: "user", content: grammar }] }, { headers: header })
            .then((done) => done.choices[0]?.message.content ?? "", String);
          assert.match(answer, /I see some words\.|not an AI|no model/);
        }
      }
      assert.equal(existsSync(join(lorica.workspace, "made-by-grammar")), false);
      const own = await lorica.run(["agent", "--model", "rehearsal/rehearsal", "--message", grammar]);
      assert.deepEqual([own.code, own.stdout], [0, "done\n"], own.stderr);
      assert.ok(existsSync(join(lorica.workspace, "made-by-grammar")), "the owner's own command line may");
    });

    test("PRV-025 the key is in no file, sealed in the vault alone, and nowhere in the gateway's memory", () => {
      assert.deepEqual(filesWith(lorica.home, key), []);
      assert.ok(Object.values(sealedIn(lorica.home)).includes(key), "it is kept");
      const gateway = processesBelow(broker, "gateway-child").at(-1) ?? 0;
      // What was said in a chat is in there, so the key would have been found.
      assert.deepEqual(searchMemory(gateway, ["make a file, then count", key]), ["make a file, then count"]);
    });
  });
}

/** The first request gets a tool call, the one that brings its result gets the result back as words. */
function callThenAnswer(command: string): (request: FauxRequest) => FauxReply {
  return (request) => {
    const result = /counted \d+/.exec(lastToolResult(request));
    if (result !== null) return { text: `The command said: ${result[0]}` };
    return { text: "Let me see.", calls: [{ id: "call_1", name: "exec", input: JSON.stringify({ command }) }] };
  };
}

function lastToolResult({ json }: FauxRequest): string {
  const messages = json["messages"] as readonly { readonly role: string; readonly content: unknown }[];
  const last = messages.at(-1);
  return last === undefined ? "" : JSON.stringify(last);
}

/** `config set` takes effect while the gateway runs. */
async function untilOpen({ port, token }: Installation): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const found = await fetch(`http://127.0.0.1:${port}/v1/responses`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: "{}",
    });
    await found.arrayBuffer();
    if (found.status === 400) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error("the endpoint did not open");
}
