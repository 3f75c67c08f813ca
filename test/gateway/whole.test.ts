// The doors in front of the real pipeline and store; only the turn itself is made up.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { TurnOutcome, TurnRun } from "../../src/agent/agent.ts";
import { systemClock } from "../../src/base/clock.ts";
import { sha256 } from "../../src/base/ids.ts";
import { createGateway } from "../../src/gateway/gateway.ts";
import { pulledChannel } from "../../src/pipeline/pipeline.ts";
import { compileRules, createPolicy } from "../../src/policy/policy.ts";
import { createTranscriptWatch } from "../../src/session/session.ts";
import { createTestDevices } from "../faux/pairing/devices.ts";
import { openTestSenders } from "../faux/pairing/senders.ts";
import { fauxRemote, noWorkspace } from "../faux/gateway/remote.ts";
import { accessOf } from "../faux/gateway/access.ts";
import { token } from "../faux/edge.ts";
import { openHarness } from "../faux/flow/harness.ts";
import { createEchoRunner, done, noTokens } from "../faux/flow/runner.ts";
import { fauxRegistry } from "../faux/nodes/nodes.ts";

type Answer = (run: TurnRun, texts: readonly string[]) => Promise<TurnOutcome>;

async function openWhole(t: TestContext, answer?: Answer) {
  const rules = compileRules({ agents: new Map(), cellOff: undefined });
  const policy = createPolicy({ rules, clock: systemClock });
  const harness = await openHarness({
    policy,
    channels: [pulledChannel({ id: "http", redeem: policy.redeem })],
    laneBounds: () => ({ turnsConcurrentMax: 1, turnsWaitingMax: 1 }),
    runner: (store) =>
      createEchoRunner(store, async (_turn, run, texts) =>
        answer === undefined ? done(`echo ${texts.join(" + ")}`) : answer(run, texts),
      ),
  });
  const gateway = createGateway({
    pipeline: harness.pipeline,
    store: harness.store,
    transcript: createTranscriptWatch(harness.store),
    devices: createTestDevices(harness.store, systemClock).devices,
    senders: await openTestSenders(harness.store),
    models: { list: () => [], describe: () => undefined, candidates: () => [] },
    sandbox: () => ({ kind: "off", reason: "none", fix: "none", walls: [] }),
    remote: fauxRemote,
    workspace: noWorkspace,
    transfer: { exportLines: () => none(), importText: () => Promise.reject(new Error("not here")) },
    nodes: fauxRegistry(harness.store),
    clock: systemClock,
    log: () => undefined,
    settings: {
      version: "0",
      defaultAgentId: "main",
      agents: [{ id: "main", name: "Main" }],
      page: { enabled: true, basePath: "" },
      dangers: [],
      http: { chatCompletions: true, responses: true },
      access: accessOf({ tokenHashes: [sha256(token)] }),
    },
  });
  const { http: listening } = await gateway.listen({ http: [{ host: "127.0.0.1", port: 0 }] });
  t.after(async () => {
    await gateway.close(0);
    await harness[Symbol.asyncDispose]();
  });
  const post = (path: string, body: unknown, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${listening[0]?.port}${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      ...init,
      headers: { authorization: `Bearer ${token}`, ...init.headers },
    });
  const say = async (content: string, init: RequestInit = {}) => {
    const response = await post("/v1/chat/completions", { messages: [{ role: "user", content }] }, init);
    const body = (await response.json()) as { choices?: { message: { content: string } }[]; error?: { code: string } };
    return [response.status, body.choices?.[0]?.message.content ?? body.error?.code];
  };
  return { ...harness, post, say };
}

test("a call goes all the way: accepted, routed, turned, released, and answered once", async (t) => {
  const whole = await openWhole(t);
  assert.deepEqual(await whole.say("hello"), [200, "echo hello"]);
  const [session] = await whole.store.sessions.list({ limit: 2, offset: 0 });
  assert.match(session?.key ?? "", /^agent:main:openai:/);
  assert.deepEqual(session?.principal, { id: "owner", kind: "owner", account: "default" });
  const init = { headers: { "idempotency-key": "once" } };
  assert.deepEqual(await Promise.all([whole.say("pay", init), whole.say("pay", init)]), [
    [200, "echo pay"],
    [200, "echo pay"],
  ]);
  assert.equal((await whole.store.sessions.list({ limit: 9, offset: 0 })).length, 2);
});

test("a user with a name that no key can hold still has one session", async (t) => {
  const whole = await openWhole(t);
  for (const user of ["Ada Lovelace/../../x:y", "ada lovelace/../../X:Y", "u".repeat(500)]) {
    const response = await whole.post("/v1/responses", { input: "hi", user });
    assert.equal(response.status, 200);
  }
  const keys = (await whole.store.sessions.list({ limit: 9, offset: 0 })).map(({ key }) => key).toSorted();
  assert.deepEqual(
    keys,
    [
      `agent:main:openresponses-user:${sha256("u".repeat(500))}`,
      "agent:main:openresponses-user:ada%20lovelace%2F..%2F..%2Fx%3Ay",
    ].toSorted(),
  );
});

test("a caller that leaves ends the turn itself, and one too many is told 429 at once", async (t) => {
  const signals: AbortSignal[] = [];
  const whole = await openWhole(t, async ({ signal }) => {
    signals.push(signal);
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    return { status: "cancelled", usage: noTokens };
  });
  const leaving = [new AbortController(), new AbortController()];
  const open = leaving.map(({ signal }) => whole.say("wait", { signal }).catch((error: Error) => error.name));
  while (signals.length === 0 || [...whole.pipeline.active().values()].flat().length < 2)
    await new Promise((resolve) => setTimeout(resolve, 2));
  const before = performance.now();
  assert.deepEqual(await whole.say("me too"), [429, "overloaded"]);
  assert.ok(performance.now() - before < 5_000, "the answer does not wait for a place");
  for (const one of leaving) one.abort();
  assert.deepEqual(await Promise.all(open), ["AbortError", "AbortError"]);
  while ([...whole.pipeline.active().values()].flat().length > 0)
    await new Promise((resolve) => setTimeout(resolve, 2));
  assert.equal(signals[0]?.aborted, true);
});

async function* none(): AsyncGenerator<string> {
  yield* [];
}
