import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { both, callOf, collect, createTestModels, finishOf, failureOf, startPair } from "../faux/models.ts";
import { startFauxProvider } from "../faux/provider.ts";
import type { FauxReply } from "../faux/provider.ts";

const ok: FauxReply = { text: "Hello." };

test("PRV-003 a rate limit moves the same prompt to the fallback, and the answer names who gave it", async (t) => {
  const { models, first, second } = await startPair(t, [{ status: 429, headers: { "retry-after": "30" } }]);
  const finish = await finishOf(models, callOf(both));
  assert.deepEqual([finish.provider, finish.model], ["second", "m"]);
  assert.deepEqual(finish.content, [{ type: "text", text: "From the second." }]);
  assert.equal(first.requests.length, 1);
  const sent = second.requests[0]?.json as { readonly messages: readonly unknown[] };
  assert.deepEqual(sent.messages, [
    { role: "user", content: [{ type: "text", text: "Hello", cache_control: { type: "ephemeral" } }] },
  ]);
});

test("PRV-004 a local server that fails once is asked again, and answers", async (t) => {
  const { models, first } = await startPair(t, [{ status: 500 }, ok]);
  const events = await collect(models, callOf(["first/m"]));
  const attempts = events.flatMap((event) => (event.type === "attempt" ? [event.number] : []));
  assert.deepEqual(attempts, [1, 2]);
  assert.equal(first.requests.length, 2);
});

test("COST-013 a permanent 500 costs at most the attempts that are allowed, and is answered at once", async (t) => {
  const { models, first } = await startPair(t, [{ status: 500, message: "database on fire" }]);
  const startedAt = performance.now();
  const error = await failureOf(collect(models, callOf(["first/m"])));
  assert.equal(first.requests.length, 2);
  assert.ok(performance.now() - startedAt < 5_000);
  assert.equal(error.code, "upstream");
  assert.match(error.message, /^first\/m failed \(HTTP 500\): database on fire\. Try again later/);
  // The next call tries again, once, instead of being shut out.
  await failureOf(collect(models, callOf(["first/m"])));
  assert.equal(first.requests.length, 3);
});

test("PRV-003 one provider's 401 touches no session of another, and its own sessions work once it is mended", async (t) => {
  const { models, first } = await startPair(t, [{ status: 401 }, ok]);
  const error = await failureOf(collect(models, callOf(["first/m"])));
  assert.equal(error.code, "upstream");
  assert.match(error.message, /refused its credential \(HTTP 401\).*store a working one/);
  const other = callOf(["second/m"], { sessionKey: "agent:main:other" });
  assert.equal((await finishOf(models, other)).provider, "second");
  assert.equal((await finishOf(models, callOf(["first/m"], { sessionKey: "agent:main:third" }))).provider, "first");
  assert.equal(first.requests.length, 2);
});

test("PRV-003 after its cool-down one call probes the first choice while others keep to the fallback", async (t) => {
  const { models, first, clock } = await startPair(t, [{ status: 401 }, { text: "Back.", delayMs: 60 }]);
  assert.equal((await finishOf(models, callOf(both))).provider, "second");
  assert.equal((await finishOf(models, callOf(both))).provider, "second");
  assert.equal(first.requests.length, 1);
  assert.deepEqual(
    models.cooldowns().map(({ key, failures, kind }) => ({ key, failures, kind })),
    [{ key: "first", failures: 1, kind: "auth" }],
  );
  clock.advance(limits.modelCooldownMs + 1);
  const answers = await Promise.all([finishOf(models, callOf(both)), finishOf(models, callOf(both))]);
  assert.deepEqual(
    answers.map((finish) => finish.provider),
    ["first", "second"],
  );
  assert.deepEqual(models.cooldowns(), []);
});

test("PRV-003 the cool-down doubles with each failure in a row, up to its limit", async (t) => {
  const { models, clock } = await startPair(t, [{ status: 402 }]);
  const waits: number[] = [];
  for (let round = 0; round < 7; round++) {
    await finishOf(models, callOf(both));
    const state = models.cooldowns()[0];
    assert.ok(state !== undefined);
    waits.push(state.until - clock.now());
    clock.advance(state.until - clock.now() + 1);
  }
  const base = limits.modelCooldownMs;
  assert.deepEqual(waits, [base, base * 2, base * 4, base * 8, base * 16, base * 20, base * 20]);
});

test("PRV-003 a long retry-after is kept: no request goes out before, and the caller is told when", async (t) => {
  const { models, first, clock } = await startPair(t, [{ status: 429, headers: { "retry-after": "120" } }, ok]);
  await failureOf(collect(models, callOf(["first/m"])));
  const error = await failureOf(collect(models, callOf(["first/m"])));
  assert.deepEqual([error.code, error.retryAfterMs, first.requests.length], ["unavailable", 120_000, 1]);
  clock.advance(120_001);
  assert.equal((await finishOf(models, callOf(["first/m"]))).provider, "first");
});

test("PRV-003 a short retry-after is waited for where nobody else can be asked", async (t) => {
  const { models, first } = await startPair(t, [{ status: 429, headers: { "retry-after-ms": "20" } }, ok]);
  assert.equal((await finishOf(models, callOf(["first/m"]))).provider, "first");
  assert.equal(first.requests.length, 2);
});

const broken: readonly {
  readonly name: string;
  readonly reply: FauxReply;
  readonly says: RegExp;
  readonly code: string;
}[] = [
  {
    name: "never answers",
    reply: { broken: "stall" },
    says: /did not answer in time: nothing came for 500 ms/,
    code: "timeout",
  },
  {
    name: "stalls in the middle",
    reply: { ...ok, broken: "stall_midway" },
    says: /nothing more came for 500 ms/,
    code: "timeout",
  },
  { name: "breaks off", reply: { ...ok, broken: "truncate" }, says: /broke off in the middle/, code: "upstream" },
  {
    name: "drops the connection",
    reply: { ...ok, broken: "drop" },
    says: /broke off|cannot be reached/,
    code: "upstream",
  },
  { name: "sends a malformed line", reply: { ...ok, broken: "malformed" }, says: /not its format/, code: "upstream" },
  { name: "gives an empty answer", reply: { text: "" }, says: /gave an empty answer/, code: "upstream" },
  { name: "sends an empty body", reply: { body: "" }, says: /gave an empty answer/, code: "upstream" },
  {
    name: "answers with a web page",
    reply: { body: "<!doctype html><h1>Hi</h1>", headers: { "content-type": "text/html; charset=utf-8" } },
    says: /web page instead of an answer\. Check the base URL/,
    code: "upstream",
  },
  {
    name: "refuses with a web page",
    reply: { status: 502, body: "<html>Bad gateway</html>", headers: { "content-type": "text/html" } },
    says: /^first\/m failed \(HTTP 502\)\. Try/,
    code: "upstream",
  },
  { name: "is overloaded", reply: { status: 529 }, says: /is overloaded \(HTTP 529\)/, code: "unavailable" },
  {
    name: "is overloaded in the middle",
    reply: { ...ok, broken: "error_midway" },
    says: /is overloaded: in the middle/,
    code: "unavailable",
  },
  { name: "wants money", reply: { status: 402 }, says: /want of credit/, code: "upstream" },
  {
    name: "wants money with a rate limit's status",
    reply: { status: 429, errorType: "insufficient_quota" },
    says: /want of credit/,
    code: "upstream",
  },
];

for (const { name, reply, says, code } of broken) {
  test(`PRV-003 a provider that ${name}: a coded error alone, the fallback's answer otherwise`, async (t) => {
    const silenceMs = reply.broken?.startsWith("stall") === true ? 500 : undefined;
    const { models } = await startPair(t, [reply], silenceMs);
    const error = await failureOf(collect(models, callOf(["first/m"])));
    assert.match(error.message, says);
    assert.equal(error.code, code);
    assert.equal((await finishOf(models, callOf(both, { sessionKey: "agent:main:b" }))).provider, "second");
  });
}

test("a conversation that is too long ends the call as such, whatever the status", async (t) => {
  const message = "This model's maximum context length is 8192 tokens";
  const { models, first, second } = await startPair(t, [
    { status: 400, message, errorType: "context_length_exceeded" },
  ]);
  const error = await failureOf(collect(models, callOf(both)));
  assert.deepEqual([error.code, error.details?.reason], ["too_large", "context_overflow"]);
  assert.deepEqual([first.requests.length, second.requests.length], [1, 0]);
});

test("PRV-008 a model that the server does not have is an error that lists what it has", async (t) => {
  const faux = await startFauxProvider({ script: [{ status: 404 }], models: ["llama3.2", "qwen3-coder"] });
  t.after(() => faux.close());
  const providers = [{ id: "ollama", api: "openai-completions" as const, baseUrl: `${faux.url}/v1` }];
  const error = await failureOf(collect(createTestModels({ providers }).models, callOf(["ollama/nope"])));
  assert.equal(error.code, "not_found");
  assert.match(error.message, /^ollama\/nope does not have this model \(HTTP 404\): it has llama3\.2, qwen3-coder\./);
});

test("PRV-007 a server that is not there is named, with what to do", async () => {
  const providers = [{ id: "ollama", api: "openai-completions" as const, baseUrl: "http://127.0.0.1:9/v1" }];
  const error = await failureOf(collect(createTestModels({ providers }).models, callOf(["ollama/m"])));
  assert.equal(error.code, "unavailable");
  assert.match(error.message, /ollama\/m cannot be reached: cannot connect to 127\.0\.0\.1:9\. Check that it runs/);
});

test("a provider's own time limit ends an answer that takes longer", async (t) => {
  const faux = await startFauxProvider({ script: [{ ...ok, broken: "stall_midway" }] });
  t.after(() => faux.close());
  const provider = { id: "litellm", api: "openai-completions" as const, baseUrl: `${faux.url}/v1`, timeoutMs: 60 };
  const error = await failureOf(collect(createTestModels({ providers: [provider] }).models, callOf(["litellm/m"])));
  assert.equal(error.code, "timeout");
  assert.match(error.message, /it took longer than 60 ms/);
});

test("PRV-022 a slow start within the provider's own time limit is one request", async (t) => {
  const faux = await startFauxProvider({ script: [{ ...ok, delayMs: 300 }] });
  t.after(() => faux.close());
  const provider = { id: "ollama", api: "openai-completions" as const, baseUrl: `${faux.url}/v1`, timeoutMs: 10_000 };
  const { models } = createTestModels({ providers: [provider], timeouts: { firstByteMs: 100 } });
  assert.equal((await finishOf(models, callOf(["ollama/m"]))).stopReason, "stop");
  assert.equal(faux.requests.length, 1);
});
