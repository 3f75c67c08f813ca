// How much later a model's first token comes because it goes through the broker. One server streams; it is asked directly,
// over the link and the broker as a gateway does, and by a whole turn, one after the other, so that a busy machine slows all.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Duplex } from "node:stream";
import type { Action } from "../../src/base/action.ts";
import { systemClock } from "../../src/base/clock.ts";
import { nodeFlags } from "../../src/base/limits.ts";
import { owner } from "../../src/base/principal.ts";
import { createEgressClient, openBrokerLink } from "../../src/broker/client.ts";
import { createPolicy } from "../../src/policy/policy.ts";
import { configFor, figure, percentile, removeHome, startGateway } from "../harness.ts";
import type { Gateway } from "../harness.ts";

const rounds = 300;
const warmUp = 60;
const signal = new AbortController().signal;
/** A conversation of some length, as a body that is looked through on its way. */
const body = JSON.stringify({
  messages: [{ role: "user", content: "what a long conversation has in it ".repeat(400) }],
});

const model = await startStreaming();
const baseUrl = `http://127.0.0.1:${model.port}/v1`;
const broker = startBroker(baseUrl);
const gateway = await startGateway({ config: configFor(baseUrl) });
const ways = {
  direct: () => firstToken(fetch(`${baseUrl}/chat/completions`, { method: "POST", body })),
  broker: () => firstToken(broker.ask()),
  turn: () => firstToken(askGateway(gateway)),
};
const times = { direct: [] as number[], broker: [] as number[], turn: [] as number[] };
const back: number[] = [];
try {
  for (let round = 0; round < rounds + warmUp; round++)
    for (const way of ["direct", "broker", "turn"] as const) {
      const took = await ways[way]();
      if (round < warmUp) continue;
      times[way].push(took.ms);
      if (way === "turn") back.push(took.at - model.spokeAt());
    }
} finally {
  await gateway.stop();
  broker.close();
  await model.close();
  removeHome(gateway.home);
}
const [direct, through, turn] = [times.direct, times.broker, times.turn].map((list) => percentile(list, 0.5)) as [
  number,
  number,
  number,
];
figure("first token, directly, p50", [direct, "ms"]);
figure("first token through link and broker, p50 over directly", [through - direct, "ms more"], { atMost: 2 });
figure("first token of a whole turn, p50 over directly", [turn - direct, "ms more"], { atMost: 8 });
figure("of that, on its way back to the client, p50", [percentile(back, 0.5), "ms"]);

type FirstToken = { readonly ms: number; readonly at: number };

/** Until the first token is there; the rest of the answer is read, too, so that the connection can be used again. */
async function firstToken(asking: Promise<{ readonly body: ReadableStream<Uint8Array> | null }>): Promise<FirstToken> {
  const begun = performance.now();
  const answer = await asking;
  let at: number | undefined;
  let said = "";
  for await (const chunk of answer.body ?? []) {
    said += Buffer.from(chunk).toString();
    if (at === undefined && said.includes("Hello")) at = performance.now();
  }
  if (at === undefined) throw new Error(`no token came: ${said.slice(0, 500)}`);
  return { ms: at - begun, at };
}

/** Says a first word at once, and the rest a moment later. */
async function startStreaming() {
  let spokeAt = 0;
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      spokeAt = performance.now();
      response.write(chunk({ role: "assistant", content: "Hello there. " }, null));
      setTimeout(() => response.end(`${chunk({ content: "Bye." }, null)}${chunk({}, "stop")}data: [DONE]\n\n`), 5);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    port: (server.address() as AddressInfo).port,
    spokeAt: () => spokeAt,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

function chunk(delta: object, finish: string | null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 0, model: "m", choices })}\n\n`;
}

/** The broker's process, and the gateway's side of the link to it. */
function startBroker(url: string) {
  const child = spawn(process.execPath, [...nodeFlags, `${import.meta.dirname}/broker-side.ts`, url], {
    env: {},
    stdio: ["ignore", "ignore", "inherit", "ignore", "pipe"],
  });
  const stream = child.stdio[4];
  if (!(stream instanceof Duplex)) throw new Error("there is no link to the broker");
  const unused = (): never => {
    throw new Error("nobody asks for this here");
  };
  const link = openBrokerLink(stream, {
    start: unused,
    configure: unused,
    stop: unused,
    answer: unused,
    offer: unused,
    hear: unused,
    onInternalError: unused,
  });
  const rules = [{ name: "bench", judge: () => ({ kind: "allow", rule: "bench" }) as const }];
  const policy = createPolicy({ rules, clock: systemClock });
  const egress = createEgressClient(link, policy.redeem);
  const action: Action<"model.request"> = {
    verb: "model.request",
    agentId: "main",
    sessionKey: "s",
    principal: owner,
    label: { integrity: "owner", readers: ["owner"] },
    resource: { provider: "p", method: "POST", url: `${url}/chat/completions` },
  };
  const bytes = Buffer.from(body);
  return {
    ask() {
      const decision = policy.decide(action);
      if (decision.kind !== "allow") throw new Error("the bench may not ask");
      return egress.fetch(decision.grant, { headers: { "content-type": "application/json" }, body: bytes }, signal);
    },
    close: () => link.close("the bench is over"),
  };
}

function askGateway({ port, token }: Gateway): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "x-openclaw-session-key": `first-token-${Math.floor(Math.random() * 16)}`,
    },
    body: JSON.stringify({ model: "openclaw", stream: true, messages: [{ role: "user", content: "hello" }] }),
  });
}
