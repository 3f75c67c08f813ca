import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { limits } from "../../src/base/limits.ts";
import { methods } from "../../src/protocol/methods.ts";
import { openEdge } from "../faux/edge.ts";
import { doneOutcome, noUsage } from "../faux/pipeline.ts";
import type { Script } from "../faux/pipeline.ts";

const answering: Script = ({ emit, finish }) => {
  emit({ type: "started", turnId: "t", attempt: 1 });
  emit({ type: "model", provider: "faux", model: "one" });
  emit({ type: "text", text: "Hi", delta: "Hi" });
  emit({ type: "tool_started", callId: "c", tool: "exec", input: { command: "ls" } });
  emit({ type: "tool_finished", callId: "c", tool: "exec", text: "a", outcome: "ok" });
  emit({ type: "text", text: "Done.", delta: "Done." });
  finish(doneOutcome("Done."));
};

const send = { sessionKey: "main", message: "hi", idempotencyKey: "k-1" };

const hidden = new Set(["chat.inject", "sessions.resolve", "sessions.usage"]);
const forNodes = /^node\.(invoke\.|event|skills|pluginTools|runnerInventory)/;

test("hello-ok lists every method that is for operators and is to be found, and where the main session is", async (t) => {
  const edge = await openEdge(t);
  const { hello, end } = await edge.connect(["operator.read"]);
  assert.deepEqual(
    hello.features.methods,
    Object.keys(methods).filter((name) => !hidden.has(name) && !forNodes.test(name)),
  );
  assert.deepEqual(hello.auth, { method: "none", role: "operator", scopes: ["operator.read"] });
  assert.deepEqual(hello.snapshot.sessionDefaults, {
    defaultAgentId: "main",
    modelConfigured: true,
    ownership: "explicit",
    mainKey: "main",
    mainSessionKey: "agent:main:main",
    scope: "per-sender",
  });
  end();
});

test("agent answers twice: accepted once stored, and the end with its usage", async (t) => {
  const edge = await openEdge(t, { script: answering });
  const client = await edge.connect();
  const firsts: unknown[] = [];
  const params = { message: "hi", idempotencyKey: "run-1", thinking: "low", timeout: 30 };
  const end = (await client.request("agent", params, (first) => firsts.push(first))) as { result: { meta: object } };
  const [first] = firsts as { acceptedAt: number }[];
  assert.deepEqual(first, {
    runId: "run-1",
    sessionKey: "agent:main:main",
    status: "accepted",
    acceptedAt: first?.acceptedAt,
  });
  const session = await edge.store.sessions.find("agent:main:main");
  const { durationMs, ...meta } = end.result.meta as { durationMs: number };
  assert.ok(durationMs >= 0);
  assert.deepEqual(
    { ...end, result: { ...end.result, meta } },
    {
      runId: "run-1",
      status: "ok",
      summary: "completed",
      result: {
        payloads: [{ text: "Done.", mediaUrl: null }],
        meta: {
          aborted: false,
          stopReason: "stop",
          agentMeta: {
            sessionKey: "agent:main:main",
            sessionId: session?.windowId,
            provider: "faux",
            model: "one",
            usage: {
              input: 10,
              output: 5,
              cacheRead: 2,
              cacheWrite: 1,
              totalTokens: 18,
              estimated: false,
              costUsd: 0.0015,
            },
          },
        },
      },
    },
  );
  assert.deepEqual(edge.handled[0]?.request, {
    agentId: "main",
    sessionKey: "agent:main:main",
    thinking: "low",
    timeoutMs: 30_000,
  });
  assert.deepEqual(await client.request("agent.wait", { runId: "run-1" }), {
    runId: "run-1",
    status: "ok",
    stopReason: "stop",
  });
  await assert.rejects(client.request("agent.wait", { runId: "never" }), { code: "not_found" });
  client.end();
});

test("a run can be watched: chat and agent events, tools only for who asked to see them", async (t) => {
  const edge = await openEdge(t, { script: answering });
  const watching = await edge.connect(["operator.admin"], ["tool-events"]);
  const plain = await edge.connect(["operator.read"], []);
  for (const client of [watching, plain]) await client.request("sessions.subscribe", {});
  const blind = await edge.connect([], []);
  await watching.request("agent", { message: "hi", idempotencyKey: "run-2" });
  // Answers come in order with events, so that by now each client has all of its own.
  await plain.request("health", {});
  await assert.rejects(blind.request("health", {}), { message: "missing scope: operator.read" });
  const brief = (events: typeof watching.events) =>
    events.flatMap(({ event, payload }) => {
      // Told a moment after somebody came, which may be now.
      if (event === "presence") return [];
      const { stream, state, data, deltaText } = payload as Record<string, unknown>;
      const { phase, delta, replace } = (data ?? {}) as Record<string, unknown>;
      return [[event, stream ?? state, phase ?? delta ?? deltaText, ...(replace === true ? ["replaced"] : [])]];
    });
  const withoutTools = [
    ["agent", "lifecycle", "start"],
    ["agent", "lifecycle", "model"],
    ["agent", "assistant", "Hi"],
    ["chat", "delta", "Hi"],
    ["agent", "assistant", "Done.", "replaced"],
    ["chat", "delta", "Done."],
    ["agent", "lifecycle", "end"],
    ["chat", "final", undefined],
    ["sessions.changed", undefined, undefined],
  ];
  const tools = [
    ["agent", "tool", "start"],
    ["agent", "tool", "result"],
  ];
  assert.deepEqual(brief(watching.events), [...withoutTools.slice(0, 4), ...tools, ...withoutTools.slice(4)]);
  assert.deepEqual(brief(plain.events), withoutTools);
  assert.deepEqual(
    plain.events.map(({ seq }) => seq),
    plain.events.map((_, index) => index + 1),
  );
  assert.deepEqual(blind.events, []);
  const final = watching.events.find(({ payload }) => (payload as { state?: string }).state === "final");
  assert.ok(final !== undefined);
  const { message, ...rest } = final.payload as { message: { content: unknown } };
  assert.deepEqual(message.content, [{ type: "text", text: "Done." }]);
  assert.deepEqual(rest, {
    runId: "run-2",
    sessionKey: "agent:main:main",
    agentId: "main",
    seq: 3,
    state: "final",
    stopReason: "stop",
    usage: { input: 10, output: 5, cacheRead: 2, cacheWrite: 1, totalTokens: 18 },
  });
  for (const client of [watching, plain, blind]) client.end();
});

test("GW-041 chat.send with the same key is the same run, with another body a conflict", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  assert.deepEqual(await client.request("chat.send", send), { runId: "k-1", status: "started" });
  assert.deepEqual(await client.request("chat.send", send), { runId: "k-1", status: "in_flight" });
  edge.finish("k-1", doneOutcome("ok"));
  assert.deepEqual(await client.request("chat.send", send), { runId: "k-1", status: "ok" });
  assert.equal(edge.handled.length, 1);
  await assert.rejects(client.request("chat.send", { ...send, message: "other" }), (error: LoricaError) => {
    const { errorId, ...details } = error.details ?? {};
    assert.equal(typeof errorId, "string");
    assert.deepEqual(details, { reason: "chat-request-conflict", errorCode: "conflict" });
    return true;
  });
  client.end();
});

test("a request that was refused may come again with its key", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  edge.state.refuse = new LoricaError("overloaded", "full", { retryAfterMs: 10 });
  await assert.rejects(client.request("chat.send", send), { code: "overloaded", retryAfterMs: 10 });
  edge.state.refuse = undefined;
  assert.deepEqual(await client.request("chat.send", send), { runId: "k-1", status: "started" });
  client.end();
});

test("a run that fails is an error that carries its end; chat.abort ends one", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  const failing = client.request("agent", { message: "hi", idempotencyKey: "bad" });
  await until(() => edge.handled.length === 1);
  edge.finish("bad", { status: "failed", code: "upstream", message: "no answer", id: "e-9", usage: noUsage });
  await assert.rejects(failing, { code: "upstream", message: "no answer" });
  const running = client.request("agent", { message: "hi", idempotencyKey: "long" });
  await until(() => edge.handled.length === 2);
  assert.deepEqual(await client.request("chat.abort", { sessionKey: "main", runId: "other" }), {
    ok: true,
    aborted: false,
    runIds: [],
  });
  const aborting = client.request("chat.abort", { sessionKey: "main", runId: "long" });
  await assert.rejects(running, { code: "cancelled" });
  assert.deepEqual(await aborting, { ok: true, aborted: true, runIds: ["long"] });
  client.end();
});

test("an abort that is sent right behind a message ends it, stored or not", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  const sending = client.request("chat.send", { sessionKey: "main", message: "hi", idempotencyKey: "early" });
  const aborting = client.request("chat.abort", { sessionKey: "main" });
  assert.deepEqual(await sending, { runId: "early", status: "started" });
  assert.deepEqual(await aborting, { ok: true, aborted: true, runIds: ["early"] });
  client.end();
});

test("what a client may not do, or does not exist, is said as protocol 4 says it", async (t) => {
  const edge = await openEdge(t);
  const reader = await edge.connect(["operator.read"]);
  const missing = { code: "forbidden", message: "missing scope: operator.write" };
  await assert.rejects(reader.request("chat.send", send), missing);
  const writer = await edge.connect(["operator.write"]);
  const reset = writer.request("agent", { message: " /new", idempotencyKey: "r" });
  await assert.rejects(reset, { code: "forbidden", message: "missing scope: operator.admin" });
  await assert.rejects(reader.request("nope", {}), { code: "invalid_request", message: "unknown method: nope" });
  await assert.rejects(reader.request("constructor", {}), { message: "unknown method: constructor" });
  const agent = writer.request("agent", { message: "x", idempotencyKey: "a", agentId: "gamma" });
  await assert.rejects(agent, { code: "not_found", message: 'no agent "gamma"; there are: main, beta' });
  await assert.rejects(edge.connect(["operator.root"]), { message: "unknown scope: operator.root" });
  for (const client of [reader, writer]) client.end();
});

test("GW-051 what breaks inside is an id for the client and the particulars for the log", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  const exporting = client.request("sessions.export", { key: "main" });
  await assert.rejects(exporting, { code: "not_found" });
  await client.request("chat.send", send);
  const broken = await client.request("sessions.export", { key: "main" }).catch((error: unknown) => error);
  assert.ok(broken instanceof LoricaError);
  const id = String(broken.details?.["errorId"]);
  assert.equal(broken.message, `something went wrong inside; the log has it as ${id}`);
  const line = edge.log.find(({ fields }) => fields["errorId"] === id);
  assert.ok(line !== undefined);
  assert.equal(line.level, "error");
  assert.ok(line.fields["error"] instanceof Error);
  assert.equal(line.fields["error"].message, "nothing to export here");
  client.end();
});

test("GW-040 a stream that is too long, not text or not frames is cut, and others go on", async (t) => {
  const edge = await openEdge(t);
  const bad: readonly (string | Uint8Array)[] = [
    "x".repeat(limits.framePreauthMaxBytes + 1),
    Buffer.from([0xff, 0x0a]),
    "not json\n",
    '{"type":"req","id":"1","method":"health"}\n',
  ];
  for (const bytes of bad) {
    const socket = connect(edge.socketPath);
    socket.on("error", () => undefined);
    socket.resume();
    socket.write(bytes);
    await new Promise((closed) => socket.once("close", closed));
  }
  const client = await edge.connect();
  const health = (await client.request("health", {})) as { ok: boolean };
  assert.equal(health.ok, true);
  client.socket.write("{broken\n");
  await assert.rejects(client.request("health", {}));
});

test("stopping tells connected clients before it hangs up", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  const closed = new Promise((resolve) => client.socket.once("close", resolve));
  await edge.gateway.close(0);
  await closed;
  assert.deepEqual(
    client.events.map(({ event, payload }) => [event, payload]),
    [["shutdown", { reason: "stop" }]],
  );
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
}
