import assert from "node:assert/strict";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { createTestClock } from "../faux/clock.ts";
import { beginTurn, envelopeOf, mainKey, openTestStore, routedOf, userEntry, replyDraft } from "../faux/store.ts";

const code = (wanted: string) => (error: unknown) => error instanceof LoricaError && error.code === wanted;

const usageRow = {
  agentId: "main",
  provider: "p",
  model: "m",
  trigger: "turn",
  inputTokens: 7,
  outputTokens: 1,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  costMicros: 0,
  estimated: false,
  at: 1,
};

test("GW-041 the same platform message is stored once, and the second is answered with the first", async () => {
  await using opened = await openTestStore();
  const { inbox } = opened.store;
  const first = envelopeOf({ dedupeKey: "m1", text: "first" });
  const stored = await inbox.accept(first);
  const again = await inbox.accept(envelopeOf({ dedupeKey: "m1", text: "second" }));
  assert.deepEqual(again, { kind: "duplicate", row: stored.row });
  assert.deepEqual(stored.row.envelope, first);
  const elsewhere = await inbox.accept(envelopeOf({ dedupeKey: "m1", account: "other" }));
  assert.equal(elsewhere.kind, "stored");
});

test("a message goes from received to queued once, and a finished one cannot be ended again", async () => {
  await using opened = await openTestStore();
  const { inbox } = opened.store;
  const envelope = envelopeOf();
  await inbox.accept(envelope);
  await inbox.route(envelope.id, routedOf());
  assert.deepEqual(await inbox.find(envelope.id), {
    envelope,
    status: "queued",
    routed: routedOf(),
    turnId: undefined,
    reason: undefined,
  });
  await assert.rejects(inbox.route(envelope.id, routedOf()), code("conflict"));
  await inbox.end(envelope.id, "dropped", "not wanted");
  await assert.rejects(inbox.end(envelope.id, "failed", "again"), code("conflict"));
  assert.deepEqual(await inbox.unfinished(), []);
});

test("a turn's last words and their cost are stored when it ends, or not at all", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { turn, entries } = await beginTurn(store);
  const closing = {
    entries: [userEntry(turn.windowId, turn.id, "bye")],
    usage: [{ ...usageRow, turnId: turn.id, sessionKey: turn.sessionKey }],
  };
  const broken = { ...replyDraft("hi"), id: undefined as unknown as string };
  await assert.rejects(store.turns.finish(turn.id, { status: "done", replies: [broken], closing }));
  assert.deepEqual([await store.transcript.read(turn.windowId), await store.usage.totals(0)], [entries, []]);
  const ended = await store.turns.finish(turn.id, { status: "done", replies: [], closing });
  assert.deepEqual(await store.transcript.read(turn.windowId), [...entries, ...ended]);
  assert.deepEqual(
    (await store.usage.totals(0)).map(({ calls, inputTokens }) => [calls, inputTokens]),
    [[1, 7]],
  );
});

test("a turn takes its messages and ends with its reply in the outbox, each in one write", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { turn, entries, envelope } = await beginTurn(store);
  assert.deepEqual((await store.inbox.find(envelope.id))?.status, "taken");
  assert.deepEqual(
    entries.map((entry) => [entry.seq, entry.body]),
    [[1, { kind: "note", text: "hello" }]],
  );
  const reply = replyDraft("hi");
  await store.turns.finish(turn.id, { status: "done", replies: [reply], outcome: { status: "done", text: "hi" } });
  assert.equal((await store.inbox.find(envelope.id))?.status, "done");
  assert.deepEqual(await store.turns.find(turn.id), {
    ...turn,
    status: "done",
    endedAt: 1_000_000,
    outcome: { status: "done", text: "hi" },
  });
  assert.deepEqual(await store.outbox.ofTurn(turn.id), [
    {
      ...reply,
      turnId: turn.id,
      sessionKey: mainKey,
      agentId: "main",
      principal: turn.principal,
      status: "pending",
      attempts: 0,
      nextAttemptAt: 1_000_000,
      receipt: undefined,
      reason: undefined,
      hold: undefined,
      createdAt: 1_000_000,
    },
  ]);
});

test("a begin that fails half way leaves nothing behind", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { session } = await beginTurn(store);
  const waiting = envelopeOf();
  await store.inbox.accept(waiting, { kind: "routed", routed: routedOf({ sessionKey: "agent:main:other" }) });
  await assert.rejects(
    beginTurn(store, { sessionKey: "agent:main:other", inboxIds: [waiting.id, "missing"] }),
    code("conflict"),
  );
  assert.equal((await store.inbox.find(waiting.id))?.status, "queued");
  assert.equal((await store.turns.running()).length, 1);
  await assert.rejects(store.transcript.append([userEntry("no-window", "t", "x")]), code("not_found"));
  assert.equal((await store.transcript.read(session.windowId)).length, 1);
});

test("a session runs one turn at a time", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { turn } = await beginTurn(store);
  await assert.rejects(beginTurn(store), code("conflict"));
  await store.turns.finish(turn.id, { status: "cancelled", replies: [] });
  assert.equal((await beginTurn(store)).turn.attempts, 1);
  await assert.rejects(store.turns.finish(turn.id, { status: "done", replies: [] }), code("conflict"));
});

test("messages join a running turn, in order, and their labels with them", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { turn, session, envelope } = await beginTurn(store);
  const later = envelopeOf({ text: "also" });
  await store.inbox.accept(later, { kind: "routed", routed: routedOf() });
  const entry = userEntry(session.windowId, turn.id, "also");
  const joined = await store.turns.join(
    turn.id,
    [later.id],
    [{ ...entry, label: { integrity: "untrusted", readers: ["owner", "x"] } }],
  );
  assert.deepEqual(
    joined.map(({ seq }) => seq),
    [2],
  );
  const now = await store.turns.find(turn.id);
  assert.deepEqual(
    [now?.inboxIds, now?.label],
    [[envelope.id, later.id], { integrity: "untrusted", readers: ["owner"] }],
  );
  assert.equal((await store.sessions.find(session.key))?.label.integrity, "untrusted");
});

test("a turn carries the label of all that its window holds, and a reset starts clean", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { turn, session } = await beginTurn(store);
  await store.transcript.append([
    { ...userEntry(session.windowId, turn.id, "page"), label: { integrity: "untrusted", readers: ["*"] } },
  ]);
  await store.turns.finish(turn.id, { status: "done", replies: [] });
  const next = await beginTurn(store);
  assert.deepEqual(next.turn.label, { integrity: "untrusted", readers: ["owner"] });
  await store.turns.finish(next.turn.id, { status: "done", replies: [] });
  const reset = await store.sessions.reset(session.key);
  assert.deepEqual([reset.label, reset.turnCount, reset.entryCount], [{ integrity: "owner", readers: ["*"] }, 0, 0]);
  assert.deepEqual(
    (await store.sessions.windows(session.key)).map(({ id, endedAt }) => [id, endedAt]),
    [
      [reset.windowId, undefined],
      [session.windowId, 1_000_000],
    ],
  );
  assert.equal((await store.transcript.read(session.windowId)).length, 3, "the old window stays readable");
});

test("entries are numbered without gaps and read from where the reader is", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { turn, session } = await beginTurn(store);
  const text = (n: number) => userEntry(session.windowId, turn.id, `entry ${n}`);
  await store.transcript.append([text(2), text(3)]);
  await store.transcript.append([]);
  await store.transcript.append([{ ...text(4), at: 7 }]);
  const read = await store.transcript.read(session.windowId, { afterSeq: 1, limit: 2 });
  assert.deepEqual(
    read.map((entry) => [entry.seq, entry.body]),
    [
      [2, { kind: "note", text: "entry 2" }],
      [3, { kind: "note", text: "entry 3" }],
    ],
  );
  assert.equal((await store.transcript.read(session.windowId)).at(-1)?.at, 7);
  assert.equal((await store.sessions.find(session.key))?.entryCount, 4);
});

test("a reply is taken once, waits for the older one to the same address, and ends once", async () => {
  const clock = createTestClock();
  await using opened = await openTestStore(clock);
  const { outbox, turns } = opened.store;
  const { turn } = await beginTurn(opened.store);
  const [one, two, other] = [replyDraft("one"), replyDraft("two"), replyDraft("other", "bob")];
  await turns.finish(turn.id, { status: "done", replies: [one, two, other] });
  const due = async () => (await outbox.due(clock.now(), 10)).map((row) => row.text);
  assert.deepEqual(await due(), ["one", "other"]);
  assert.deepEqual([await outbox.take(one.id), await outbox.take(one.id)], [true, false]);
  assert.deepEqual(await due(), ["other"]);
  await outbox.retry(one.id, "busy", clock.now() + 1_000);
  assert.deepEqual(await due(), ["other"], "two still waits for one");
  clock.advance(1_000);
  assert.deepEqual(await due(), ["other", "one"]);
  await outbox.take(one.id);
  assert.deepEqual(
    (await outbox.interrupted()).map((row) => [row.id, row.attempts]),
    [[one.id, 2]],
  );
  await outbox.sent(one.id, "platform-1");
  await assert.rejects(outbox.end(one.id, "failed", "late"), code("conflict"));
  assert.deepEqual(await due(), ["two", "other"].toSorted().toReversed());
  await outbox.end(two.id, "held", "a person must look");
  assert.deepEqual(
    (await outbox.list({ status: "held", limit: 5 })).map((row) => [row.text, row.reason]),
    [["two", "a person must look"]],
  );
  assert.equal((await outbox.list({ limit: 5 })).length, 3);
});

test("everything is still there in the next process, and the epoch counts starts", async () => {
  await using opened = await openTestStore();
  const { turn, session } = await beginTurn(opened.store);
  const entries = await opened.store.transcript.read(session.windowId);
  await opened.store.close();
  const next = await opened.reopen();
  assert.equal(next.epoch, opened.store.epoch + 1);
  assert.deepEqual(await next.turns.running(), [turn]);
  assert.deepEqual(await next.transcript.read(session.windowId), entries);
  assert.deepEqual(await next.turns.restart(turn.id), { ...turn, attempts: 2 });
});

test("changes asked for at the same moment are all made, one after the other", async () => {
  await using test = await openTestStore();
  const { store } = test;
  const { turn, session } = await beginTurn(store);
  const texts = Array.from({ length: 20 }, (_, at) => `note ${at}`);
  await Promise.all(texts.map((text) => store.transcript.append([userEntry(session.windowId, turn.id, text)])));
  const entries = await store.transcript.read(session.windowId, { afterSeq: 1 });
  assert.deepEqual(
    entries.map(({ seq, body }) => [seq, body.kind === "note" && body.text]),
    texts.map((text, at) => [at + 2, text]),
  );
});
