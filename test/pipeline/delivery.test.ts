import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { LoricaError } from "../../src/base/errors.ts";
import { newId } from "../../src/base/ids.ts";
import { createObserver } from "../../src/plugin/plugin.ts";
import type { HookPoint } from "../../src/plugin/plugin.ts";
import { openHarness } from "../faux/flow/harness.ts";
import { createEchoRunner, done } from "../faux/flow/runner.ts";
import { beginTurn, envelopeOf, ownerLabel, routedOf } from "../faux/store.ts";

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await holds()) return;
    await delay(5);
  }
  assert.fail("it never came to be");
}

test("what the platform refuses for now is sent again later, in order, and as often as the limit says", async () => {
  let refusals = 1;
  await using harness = await openHarness({
    textMaxChars: 5,
    runner: (store) => createEchoRunner(store, async () => done("aaaa bbbb")),
    async send() {
      refusals -= 1;
      return refusals >= 0
        ? { kind: "retry", reason: "slow down", afterMs: 0 }
        : { kind: "sent", platformId: String(refusals) };
    },
  });
  await harness.ask();
  await harness.sentCount(3);
  assert.deepEqual(
    harness.sent.map((message) => message.text),
    ["aaaa", "aaaa", "bbbb"],
  );
  assert.equal(harness.sent[0]?.idempotencyKey, harness.sent[1]?.idempotencyKey);
  await until(async () => (await harness.store.outbox.list({ status: "sent", limit: 9 })).length === 2);
  const rows = await harness.store.outbox.list({ limit: 9 });
  assert.deepEqual(
    rows.map((row) => [row.text, row.attempts]),
    [
      ["bbbb", 1],
      ["aaaa", 2],
    ],
  );
});

test("a send that throws may have arrived: it is shown as unknown and not repeated", async () => {
  let sends = 0;
  await using harness = await openHarness({
    async send() {
      sends += 1;
      throw new LoricaError("upstream", "the connection broke");
    },
  });
  await harness.ask();
  await until(async () => (await harness.store.outbox.list({ status: "unknown", limit: 9 })).length === 1);
  const [row] = await harness.store.outbox.list({ limit: 9 });
  assert.deepEqual([sends, row?.reason], [1, "the connection broke (upstream); it may have arrived"]);
});

test("where the platform knows what it has, a send that throws is repeated with the same key", async () => {
  const keys: string[] = [];
  await using harness = await openHarness({
    idempotentSend: true,
    async send({ idempotencyKey }) {
      keys.push(idempotencyKey);
      if (keys.length === 1) throw new LoricaError("upstream", "the connection broke");
      return { kind: "sent", platformId: "1" };
    },
  });
  await harness.ask();
  await harness.sentCount(1);
  assert.deepEqual([keys.length, new Set(keys).size], [2, 1]);
});

test("what the platform refuses for good is failed and visible", async () => {
  await using harness = await openHarness({ send: async () => ({ kind: "failed", reason: "blocked" }) });
  await harness.ask();
  await until(async () => (await harness.store.outbox.list({ status: "failed", limit: 9 })).length === 1);
  assert.equal((await harness.store.outbox.list({ limit: 9 }))[0]?.reason, "blocked");
});

test("a start sends again what it may, shows what it cannot know, and fails what has no channel", async () => {
  await using harness = await openHarness({ start: false });
  const { store } = harness;
  const to = (channel: string) => ({ channel, account: "default", recipient: "alice" });
  for (const channel of ["loopback", "cli", "gone"]) {
    const sessionKey = `agent:main:${channel}`;
    const { turn } = await beginTurn(store, { sessionKey, replyTo: to(channel) });
    const draft = { id: newId(), to: to(channel), text: channel, media: [], label: ownerLabel };
    await store.turns.finish(turn.id, { status: "done", replies: [draft] });
    if (channel !== "gone") await store.outbox.take(draft.id);
  }
  const next = await harness.restart({ start: true });
  await until(async () => (await next.store.outbox.list({ status: "pending", limit: 9 })).length === 0);
  await until(async () => (await next.store.outbox.list({ status: "sending", limit: 9 })).length === 0);
  const rows = await next.store.outbox.list({ limit: 9 });
  assert.deepEqual(
    rows.map((row) => [row.text, row.status]),
    [
      ["gone", "failed"],
      ["cli", "sent"],
      ["loopback", "unknown"],
    ],
  );
  assert.deepEqual(next.sent, []);
  await next.pipeline.stop(10);
});

test("a message stored undecided is decided at the next start", async () => {
  await using harness = await openHarness({ start: false });
  const waiting = envelopeOf({ text: "first" });
  const unknown = envelopeOf({ channel: "gone" });
  await harness.store.inbox.accept(waiting);
  await harness.store.inbox.accept(unknown);
  const queued = envelopeOf({ text: "second" });
  await harness.store.inbox.accept(queued, { kind: "routed", routed: routedOf() });
  const next = await harness.restart({ start: true });
  const end = await next.pipeline.wait(waiting.id, AbortSignal.timeout(5_000));
  assert.deepEqual([end.sessionKey, end.outcome], ["agent:main:direct:alice", done("echo first")]);
  assert.deepEqual((await next.pipeline.wait(queued.id, AbortSignal.timeout(5_000))).outcome, done("echo second"));
  assert.equal((await next.store.inbox.find(unknown.id))?.status, "dropped");
  await next.pipeline.stop(10);
});

test("a message that ends the process each time is given up", async () => {
  await using harness = await openHarness({ start: false });
  const { turn, envelope } = await beginTurn(harness.store);
  for (let start = 0; start < 10; start += 1) await harness.store.turns.restart(turn.id);
  const next = await harness.restart({ start: true });
  const { outcome } = await next.pipeline.wait(envelope.id, AbortSignal.timeout(5_000));
  assert.equal(outcome.status === "failed" && outcome.message, "this message stopped Lorica 10 times");
  await next.pipeline.stop(10);
});

test("a store that is away for a moment delays a turn and loses nothing", async () => {
  let failures = 2;
  await using harness = await openHarness({
    start: false,
    runner: (store) => createEchoRunner(store),
  });
  const next = await harness.restart({
    start: true,
    wrapStore: (store) => ({
      ...store,
      turns: {
        ...store.turns,
        async finish(id, end) {
          failures -= 1;
          if (failures >= 0) throw new LoricaError("unavailable", "the disk is full");
          return store.turns.finish(id, end);
        },
      },
    }),
  });
  const end = await next.ask({ text: "hi" });
  // The second failure is the first one's news.
  assert.deepEqual([end.outcome, failures, next.reports.length], [done("echo hi"), -1, 1]);
  await next.pipeline.stop(100);
});

test("a session whose time is over starts afresh with the next message, and the old window stays", async () => {
  await using harness = await openHarness({ settings: { reset: { mode: "idle", atHour: 4, idleMinutes: 0 } } });
  const { sessionKey } = await harness.ask({ text: "one" });
  await harness.ask({ text: "two" });
  const windows = await harness.store.sessions.windows(sessionKey);
  const texts = windows.map(async ({ id }) =>
    (await harness.store.transcript.read(id)).map(({ body }) => body.kind === "user" && body.text),
  );
  assert.deepEqual(await Promise.all(texts), [["two"], ["one"]]);
});

test("RT-008 hooks see the points they asked for; a slow or broken one is recorded and changes nothing", async () => {
  const seen: HookPoint[] = [];
  const reports: unknown[] = [];
  const points = ["turn.started", "turn.finished"] as const;
  const observe = createObserver(
    {
      hooks: [
        { points, timeoutMs: 1_000, observe: async (event) => void seen.push(event) },
        { points: ["turn.finished"], timeoutMs: 1_000, observe: () => Promise.reject(new Error("broken")) },
        { points: ["turn.finished"], timeoutMs: 10, observe: () => new Promise(() => undefined) },
      ],
      report: (_, error) => reports.push(error),
    },
    new AbortController().signal,
  );
  await using harness = await openHarness({ observe });
  const end = await harness.ask();
  await until(async () => reports.length === 2);
  assert.deepEqual(seen, [
    { point: "turn.started", turnId: end.turnId, sessionKey: end.sessionKey },
    { point: "turn.finished", turnId: end.turnId, status: "done" },
  ]);
  assert.deepEqual(
    reports.map(String).toSorted(),
    ["Error: broken", "LoricaError: the time limit of 10 ms passed"].toSorted(),
  );
});

test("a reply that waits behind an older one makes nobody look again and again", async () => {
  let looks = 0;
  await using harness = await openHarness({
    textMaxChars: 5,
    runner: (store) => createEchoRunner(store, async () => done("aaaa bbbb")),
    send: async () => ({ kind: "retry", reason: "slow down", afterMs: 30_000 }),
    wrapStore: (store) => ({
      ...store,
      outbox: {
        ...store.outbox,
        due(now, limit) {
          looks += 1;
          return store.outbox.due(now, limit);
        },
      },
    }),
  });
  await harness.ask();
  await until(async () => (await harness.store.outbox.list({ limit: 9 })).some(({ attempts }) => attempts === 1));
  const at = await harness.store.outbox.nextAt();
  assert.ok(at !== undefined && at > Date.now() + 20_000);
  await delay(50);
  const before = looks;
  await delay(200);
  assert.equal(looks, before);
});
