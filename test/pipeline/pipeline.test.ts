import assert from "node:assert/strict";
import { test } from "node:test";
import type { TurnEvent } from "../../src/agent/agent.ts";
import { LoricaError } from "../../src/base/errors.ts";
import { owner } from "../../src/base/principal.ts";
import { compileRules, createPolicy } from "../../src/policy/policy.ts";
import { openHarness } from "../faux/flow/harness.ts";
import { createEchoRunner, done, noTokens } from "../faux/flow/runner.ts";
import { envelopeOf } from "../faux/store.ts";

const code = (wanted: string) => (error: unknown) => error instanceof LoricaError && error.code === wanted;
const soon = () => new Promise((resolve) => setTimeout(resolve, 20));

test("GW-029 GW-034 GW-035 a message becomes a stored turn and a sent reply", async () => {
  await using harness = await openHarness();
  const envelope = envelopeOf({ text: "ping", sender: { id: "alice", name: "Alice" } });
  assert.deepEqual(await harness.receive(envelope), { kind: "stored" });
  await harness.sentCount(1);
  const [message] = harness.sent;
  const to = { channel: "loopback", account: "default", recipient: "alice", inReplyTo: envelope.dedupeKey };
  assert.deepEqual([message?.text, message?.to], ["echo ping", to]);
  const session = await harness.store.sessions.find("agent:main:direct:alice");
  const [entry] = await harness.store.transcript.read(session?.windowId ?? "");
  assert.deepEqual(entry?.body, {
    kind: "user",
    text: "ping",
    media: [],
    from: "loopback Alice",
    inboxId: envelope.id,
  });
  await soon();
  const [row] = await harness.store.outbox.list({ limit: 9 });
  assert.deepEqual([row?.status, row?.receipt, row?.attempts], ["sent", "p-0", 1]);
  assert.deepEqual(
    harness.observed.map((event) => event.point),
    ["message.received", "turn.started", "turn.finished", "reply.released"],
  );
});

test("a run is waited for, watched, and still answered long after it ended", async () => {
  await using harness = await openHarness();
  const events: TurnEvent["type"][] = [];
  harness.pipeline.watch((event) => events.push(event.type));
  const end = await harness.ask({ channel: "cli", text: "hi" });
  assert.deepEqual(end, {
    runId: end.runId,
    sessionKey: "agent:main:main",
    turnId: end.turnId,
    outcome: done("echo hi"),
  });
  assert.deepEqual(events, ["started", "finished"]);
  assert.deepEqual(await harness.pipeline.wait(end.runId, AbortSignal.timeout(1_000)), end);
  const next = await harness.restart();
  assert.deepEqual(await next.pipeline.wait(end.runId, AbortSignal.timeout(1_000)), end);
  await assert.rejects(next.pipeline.wait("nobody", AbortSignal.timeout(1_000)), code("not_found"));
  await next.pipeline.stop(100);
});

test("COST-015 a message that arrives twice is answered once, and the second told of the first", async () => {
  let turns = 0;
  await using harness = await openHarness({
    runner: (store) =>
      createEchoRunner(store, async () => {
        turns += 1;
        return done("once");
      }),
  });
  const first = envelopeOf({ dedupeKey: "m1", text: "one\r\ntwo\u0007" });
  const accepted = await harness.pipeline.handle(first);
  const again = await harness.pipeline.handle({ ...first, id: "again" });
  assert.deepEqual(again, { ...accepted, kind: "duplicate", same: true });
  const other = await harness.pipeline.handle({ ...first, id: "other", text: "three" });
  assert.deepEqual(other, { ...accepted, kind: "duplicate", same: false });
  await harness.sentCount(1);
  await soon();
  assert.deepEqual([turns, harness.sent.length], [1, 1]);
});

test("COST-014 GW-030 a stranger is dropped before anything is spent or kept", async () => {
  let turns = 0;
  await using harness = await openHarness({
    strangers: true,
    runner: (store) =>
      createEchoRunner(store, async () => {
        turns += 1;
        return done("no");
      }),
  });
  const envelope = envelopeOf({ text: "let me in", request: { agentId: "work" } });
  const accepted = await harness.pipeline.handle(envelope);
  assert.deepEqual(accepted, { kind: "dropped", runId: envelope.id, reason: "the sender is not paired" });
  const row = await harness.store.inbox.find(envelope.id);
  assert.deepEqual([row?.status, row?.envelope.text, row?.routed], ["dropped", "", undefined]);
  // All that leaves is the fixed text with the code.
  await harness.sentCount(1);
  assert.deepEqual([turns, harness.sent.length], [0, 1]);
  assert.match(harness.sent[0]?.text ?? "", /pairing approve/);
  assert.deepEqual(await harness.store.sessions.list({ limit: 9, offset: 0 }), []);
});

test("a failed turn tells the person what happened and under which id the log has it", async () => {
  await using harness = await openHarness({
    runner: (store) => createEchoRunner(store, () => Promise.reject(new LoricaError("upstream", "the model is away"))),
  });
  const { outcome } = await harness.ask();
  assert.ok(outcome.status === "failed");
  assert.deepEqual([outcome.code, outcome.message], ["upstream", "the model is away"]);
  await harness.sentCount(1);
  assert.equal(harness.sent[0]?.text, `the model is away (error ${outcome.id})`);
  assert.equal(harness.reports.length, 1);
});

test("what a failure says is shown only where we wrote it", async () => {
  await using harness = await openHarness({
    runner: (store) => createEchoRunner(store, () => Promise.reject(new TypeError("key sk-secret is wrong"))),
  });
  const { outcome } = await harness.ask();
  assert.ok(outcome.status === "failed");
  assert.deepEqual([outcome.code, outcome.message], ["internal", "something in Lorica failed"]);
});

test("a cancelled run sends nothing, and whoever cancels is told once that is stored", async () => {
  await using harness = await openHarness({
    runner: (store) =>
      createEchoRunner(store, async (_, run) => {
        await new Promise((resolve) => run.signal.addEventListener("abort", resolve));
        return { status: "cancelled", usage: noTokens };
      }),
  });
  const running = await harness.pipeline.handle(envelopeOf({ text: "a" }));
  const waiting = await harness.pipeline.handle(envelopeOf({ text: "b" }));
  assert.ok(running.kind === "accepted" && waiting.kind === "accepted");
  assert.deepEqual(harness.pipeline.active(), new Map([[running.sessionKey, [running.runId, waiting.runId]]]));
  assert.deepEqual(await harness.pipeline.abort({ runId: waiting.runId }), [waiting.runId]);
  await soon();
  assert.deepEqual(await harness.pipeline.abort({ sessionKey: running.sessionKey }), [running.runId]);
  assert.deepEqual(await harness.pipeline.abort({ runId: running.runId }), []);
  for (const { runId } of [running, waiting]) {
    const end = await harness.pipeline.wait(runId, AbortSignal.timeout(1_000));
    assert.deepEqual(end.outcome, { status: "cancelled", usage: noTokens });
  }
  assert.deepEqual([harness.sent, await harness.store.turns.running()], [[], []]);
});

test("a message that may take no longer than it says ends with a timeout", async () => {
  await using harness = await openHarness({
    runner: (store) =>
      createEchoRunner(store, async (_, run) => {
        await new Promise((resolve) => run.signal.addEventListener("abort", resolve));
        return { status: "cancelled", usage: noTokens };
      }),
  });
  const { outcome } = await harness.ask({ request: { timeoutMs: 20 } });
  assert.equal(outcome.status === "failed" && outcome.code, "timeout");
});

test("steering messages join the running turn, and its answer is theirs too", async () => {
  const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
  await using harness = await openHarness({
    settings: { queue: { mode: "steer", byChannel: {} } },
    runner: (store) =>
      createEchoRunner(store, async (turn, run) => {
        await mayGoOn;
        await run.takeJoined();
        const now = await store.turns.find(turn.id);
        return done(`answers ${now?.inboxIds.length}`);
      }),
  });
  const first = await harness.pipeline.handle(envelopeOf({ text: "a" }));
  const second = await harness.pipeline.handle(envelopeOf({ text: "b" }));
  goOn();
  const ends = await Promise.all(
    [first, second].map(({ runId }) => harness.pipeline.wait(runId, AbortSignal.timeout(5_000))),
  );
  assert.deepEqual(
    ends.map((end) => [end.outcome, end.turnId]),
    [0, 1].map(() => [done("answers 2"), ends[0]?.turnId]),
  );
});

test("a command has a turn to itself, and stop ends everything else of its session first", async () => {
  await using harness = await openHarness({
    settings: { queue: { mode: "collect", byChannel: {} } },
    commandOf: (text) => (text.startsWith("/") ? text.slice(1) : undefined),
    runner: (store) =>
      createEchoRunner(store, async (_, run, texts) => {
        if (texts[0]?.startsWith("/") === true) return done(`did ${texts.join(" ")}`);
        await new Promise((resolve) => run.signal.addEventListener("abort", resolve));
        return { status: "cancelled", usage: noTokens };
      }),
  });
  const running = await harness.pipeline.handle(envelopeOf({ text: "long work" }));
  const waiting = await harness.pipeline.handle(envelopeOf({ text: "more" }));
  // Somebody else's words, passed on: they end nothing.
  await harness.pipeline.handle(envelopeOf({ text: "/stop", forwardedFrom: "Eve" }));
  await soon();
  assert.equal([...harness.pipeline.active().values()].flat().length, 3);
  const stop = await harness.ask({ text: "/stop" });
  assert.deepEqual(stop.outcome, done("did /stop"));
  for (const { runId } of [running, waiting]) {
    const end = await harness.pipeline.wait(runId, AbortSignal.timeout(1_000));
    assert.equal(end.outcome.status, "cancelled");
  }
});

test("where there is no room nothing is stored, and the answer says when to come back", async () => {
  await using harness = await openHarness({
    laneBounds: () => ({ laneDepthMax: 1 }),
    runner: (store) =>
      createEchoRunner(store, async (_, run) => {
        await new Promise((resolve) => run.signal.addEventListener("abort", resolve));
        return { status: "cancelled", usage: noTokens };
      }),
  });
  await harness.pipeline.handle(envelopeOf());
  await harness.pipeline.handle(envelopeOf());
  const refused = envelopeOf();
  await assert.rejects(harness.pipeline.handle(refused), code("overloaded"));
  assert.equal(await harness.store.inbox.find(refused.id), undefined);
});

test("a reply that policy does not let go is held, recorded and not sent", async () => {
  const rules = [
    { name: "no", judge: () => ({ kind: "deny", reason: "not to them", rule: "no" }) as const },
    ...compileRules({ agents: new Map(), cellOff: undefined }),
  ];
  await using harness = await openHarness({ policy: createPolicy({ rules, clock: { now: () => 0 } }) });
  await harness.ask();
  await soon();
  const [row] = await harness.store.outbox.list({ limit: 9 });
  assert.deepEqual([row?.status, row?.reason, harness.sent], ["held", "not to them", []]);
  assert.deepEqual(harness.audit, [
    {
      kind: "decision",
      verb: "message.send",
      verdict: "deny",
      rule: "no",
      agentId: "main",
      sessionKey: "agent:main:direct:alice",
      principal: owner.id,
      resource: "loopback/default/alice",
      reason: "not to them",
    },
  ]);
});

test("a listener that throws ends no turn", async () => {
  await using harness = await openHarness();
  const stop = harness.pipeline.watch(() => {
    throw new Error("broken listener");
  });
  assert.equal((await harness.ask()).outcome.status, "done");
  assert.equal(harness.reports.length, 2, "started and finished");
  stop();
  await harness.ask();
  assert.equal(harness.reports.length, 2);
});

test("a stopping pipeline takes nothing new and leaves what runs for the next start", async () => {
  const held = (store: Parameters<typeof createEchoRunner>[0]) =>
    createEchoRunner(store, async (_, run) => {
      await new Promise((resolve) => run.signal.addEventListener("abort", resolve));
      return { status: "cancelled", usage: noTokens };
    });
  await using harness = await openHarness({ runner: held });
  const { runId } = await harness.pipeline.handle(envelopeOf({ text: "long" }));
  const waiting = harness.pipeline.wait(runId, AbortSignal.timeout(5_000));
  const left = assert.rejects(waiting, code("unavailable"));
  await soon();
  await harness.pipeline.stop(10);
  await left;
  await assert.rejects(harness.pipeline.handle(envelopeOf()), code("unavailable"));
  const next = await harness.restart({ runner: createEchoRunner });
  const end = await next.pipeline.wait(runId, AbortSignal.timeout(5_000));
  assert.deepEqual(end.outcome, done("echo long"));
  await next.sentCount(1);
  await next.pipeline.stop(100);
});
