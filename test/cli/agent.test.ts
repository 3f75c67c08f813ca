import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import type { Call } from "../../src/protocol/server.ts";
import { createCommandLine } from "../faux/command-line.ts";

type AgentParams = { readonly message: string; readonly idempotencyKey: string; readonly [name: string]: unknown };

const line = createCommandLine();
const asked: AgentParams[] = [];
const aborted: unknown[] = [];

before(() =>
  line.serve("gateway.sock", {
    agent: answerTurn,
    send: (params: { readonly message: string }) => ({
      runId: "r",
      messageId: "m",
      channel: "cli",
      text: `re: ${params.message}`,
    }),
    "chat.abort": (params) => {
      aborted.push(params);
      return { ok: true, aborted: true, runIds: [] };
    },
    "sessions.reset": (params: { readonly key: string }) => ({ ok: true, key: params.key, entry: {}, resolved: {} }),
  }),
);
after(() => line.close());

async function answerTurn(params: AgentParams, call: Call): Promise<unknown> {
  asked.push(params);
  const runId = params.idempotencyKey;
  call.accepted({ runId, sessionKey: "agent:main:main", status: "accepted", acceptedAt: 0 });
  const tell = (stream: string, data: unknown): void =>
    call.connection.event("agent", { runId, seq: 1, stream, ts: 0, data, sessionKey: "agent:main:main" }, "needed");
  if (params.message === "wait") return new Promise(() => undefined);
  if (params.message === "fail") throw new LoricaError("upstream", "the provider answered 500");
  tell("assistant", { text: "Hel", delta: "Hel" });
  call.connection.event("agent", { runId: "another", stream: "assistant", data: { text: "not mine" } }, "needed");
  tell("tool", { phase: "start", name: "exec", toolCallId: "1", args: { command: "ls" } });
  tell("tool", { phase: "result", name: "exec", toolCallId: "1", result: "a.txt\nb.txt", isError: false });
  tell("assistant", { text: "Hello \u001B]0;x\u0007there", delta: "" });
  return end(runId, "Hello \u001B]0;x\u0007there");
}

function end(runId: string, text: string): unknown {
  const usage = { input: 10, output: 2, cacheRead: 0, cacheWrite: 0, totalTokens: 12, estimated: false, costUsd: 0.5 };
  const agentMeta = { sessionKey: "agent:main:main", sessionId: "s", provider: "p", model: "m", usage };
  const meta = { durationMs: 7, aborted: false, stopReason: "stop", agentMeta };
  return { runId, status: "ok", summary: "done", result: { payloads: [{ text, mediaUrl: null }], meta } };
}

test("CLI-053 a program gets the whole answer once, as it was given", async () => {
  const { exit, stdout, stderr } = await line.run(["agent", "--message", "hello"]);
  assert.deepEqual({ exit, stdout, stderr }, { exit: 0, stdout: "Hello \u001B]0;x\u0007there\n", stderr: "" });
});

test("CLI-053 a person sees the answer grow, without what a terminal would obey", async () => {
  const { exit, stdout } = await line.run(["agent", "--message", "hello"], { terminal: true });
  assert.deepEqual({ exit, stdout }, { exit: 0, stdout: "Hello there\n" });
});

test("CLI-053 --verbose shows tool calls and what was spent, beside the answer", async () => {
  const { stdout, stderr } = await line.run(["agent", "hello", "--verbose"]);
  assert.equal(stdout, "Hello \u001B]0;x\u0007there\n");
  assert.equal(
    stderr,
    '▸ exec {"command":"ls"}\n✓ exec a.txt b.txt\np/m · 10 in, 2 out · $0.5000 · 7 ms · agent:main:main\n',
  );
});

test("CLI-053 flags become the request; the owner's own words may drive the rehearsal model", async () => {
  asked.length = 0;
  const flags = "--agent work --session-id notes --model p/m --thinking high --timeout 90s --json".split(" ");
  const { stdout } = await line.run(["agent", "--message", "hello", ...flags]);
  assert.equal((JSON.parse(stdout) as { status: string }).status, "ok");
  const [{ idempotencyKey, ...rest } = { idempotencyKey: "" }] = asked;
  assert.match(idempotencyKey, /^[0-9a-f-]{36}$/);
  assert.deepEqual(rest, {
    message: "hello",
    agentId: "work",
    sessionKey: "notes",
    model: "p/m",
    thinking: "high",
    timeout: 90,
    rehearsal: { grammar: true },
  });
});

test("what comes in through a pipe is not the owner's own words", async () => {
  asked.length = 0;
  await line.run(["agent", "--message", "-"], { input: "!call exec {}" });
  assert.equal(asked[0]?.message, "!call exec {}");
  assert.equal(asked[0]?.["rehearsal"], undefined);
});

test("a failed turn has its code's exit status and the gateway's words", async () => {
  assert.deepEqual(await line.run(["agent", "--message", "fail"]), {
    exit: 8,
    stdout: "",
    stderr: "lorica: the provider answered 500 (logged as error-1)\n",
  });
});

test("leaving cancels the run", async () => {
  aborted.length = 0;
  asked.length = 0;
  const person = new AbortController();
  const running = line.run(["agent", "--message", "wait"], { signal: person.signal });
  while (asked.length === 0) await new Promise((done) => setTimeout(done, 2));
  await new Promise((done) => setImmediate(done));
  person.abort();
  assert.equal((await running).exit, 130);
  assert.deepEqual(aborted, [{ sessionKey: "agent:main:main", runId: asked[0]?.idempotencyKey }]);
});

test("a chat takes line after line, in one session, and a failed turn does not end it", async () => {
  asked.length = 0;
  const ran = await line.run(["chat"], { input: "one\n/new\nfail\n\ntwo\n/quit\nnever\n" });
  assert.deepEqual(
    asked.map(({ message, sessionKey }) => [message, sessionKey]),
    [
      ["one", "main"],
      ["fail", "main"],
      ["two", "main"],
    ],
  );
  assert.equal(ran.exit, 0);
  assert.equal(ran.stderr, "a fresh session\nlorica: the provider answered 500 (logged as error-1)\n");
});

test("CLI-051 message send --to self runs a turn and prints the reply", async () => {
  const reply = { exit: 0, stdout: "re: are you there?\n", stderr: "" };
  assert.deepEqual(await line.run(["message", "send", "--to", "self", "are you there?"]), reply);
  assert.deepEqual(await line.run(["message", "send", "--target", "self", "--message", "are you there?"]), reply);
  const elsewhere = await line.run(["message", "send", "--to", "telegram:1", "x"]);
  assert.equal(elsewhere.exit, 2);
  assert.match(elsewhere.stderr, /say over which channel: --channel telegram/);
  assert.equal((await line.run(["message", "send", "--to", "self"])).exit, 2);
});
