import assert from "node:assert/strict";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { createTestClock } from "../faux/clock.ts";
import { beginTurn, envelopeOf, mainKey, openTestStore, ownerLabel, replyDraft } from "../faux/store.ts";

const code = (wanted: string) => (error: unknown) => error instanceof LoricaError && error.code === wanted;

test("COST-003 the ledger totals calls by model, since a time and for one session", async () => {
  await using opened = await openTestStore();
  const { usage } = opened.store;
  const { turn } = await beginTurn(opened.store);
  const tokens = { inputTokens: 10, outputTokens: 2, cacheReadTokens: 1, cacheWriteTokens: 0 };
  const row = { ...tokens, costMicros: 5, estimated: false, turnId: turn.id, sessionKey: mainKey, agentId: "main" };
  await usage.add({ ...row, provider: "p", model: "a", trigger: "turn", at: 10 });
  await usage.add({ ...row, provider: "p", model: "a", trigger: "compaction", at: 20, estimated: true });
  await usage.add({
    ...row,
    provider: "p",
    model: "b",
    trigger: "turn",
    at: 20,
    costMicros: null,
    sessionKey: "other",
  });
  const a = {
    provider: "p",
    model: "a",
    calls: 2,
    inputTokens: 20,
    outputTokens: 4,
    cacheReadTokens: 2,
    cacheWriteTokens: 0,
    costMicros: 10,
    estimated: true,
  };
  const b = { ...tokens, provider: "p", model: "b", calls: 1, costMicros: null, estimated: false };
  assert.deepEqual(plain(await usage.totals(0)), [a, b]);
  assert.deepEqual(plain(await usage.totals(0, mainKey)), [a]);
  assert.deepEqual(
    (await usage.totals(15)).map(({ model, calls }) => [model, calls]),
    [
      ["a", 1],
      ["b", 1],
    ],
  );
});

test("sessions are listed newest first, patched, and deleted with what they said", async () => {
  const clock = createTestClock();
  await using opened = await openTestStore(clock);
  const { store } = opened;
  const first = await beginTurn(store);
  await assert.rejects(store.sessions.delete(mainKey), code("conflict"), "not while a turn runs");
  await store.turns.finish(first.turn.id, { status: "done", replies: [replyDraft("secret answer")] });
  clock.advance(5);
  const { key: otherKey } = await store.sessions.open({
    key: "agent:work:main",
    agentId: "work",
    channel: "cli",
    account: "default",
    principal: first.turn.principal,
    label: ownerLabel,
  });
  const keys = async (agentId?: string) =>
    (await store.sessions.list({ ...(agentId === undefined ? {} : { agentId }), limit: 10, offset: 0 })).map(
      ({ key }) => key,
    );
  assert.deepEqual([await keys(), await keys("main")], [[otherKey, mainKey], [mainKey]]);
  clock.advance(5);
  const patched = await store.sessions.patch(mainKey, { title: "Plans", model: "p/m" });
  assert.deepEqual([patched.title, patched.model, patched.thinking], ["Plans", "p/m", undefined]);
  assert.equal((await store.sessions.patch(mainKey, { model: undefined })).model, undefined);
  assert.deepEqual(await keys(), [mainKey, otherKey], "a patch touches the session");
  const [reply] = await store.outbox.ofTurn(first.turn.id);
  await store.outbox.take(reply?.id ?? "");
  await store.outbox.sent(reply?.id ?? "", "1");
  await store.sessions.delete(mainKey);
  assert.equal(await store.sessions.find(mainKey), undefined);
  assert.deepEqual(await store.transcript.read(first.session.windowId), []);
  assert.equal((await store.inbox.find(first.envelope.id))?.envelope.text, "");
  assert.deepEqual(
    (await store.outbox.ofTurn(first.turn.id)).map(({ text }) => text),
    [""],
  );
  await assert.rejects(store.sessions.delete(mainKey), code("not_found"));
});

const roomy = { bytesMax: 1e9, media: { since: 0, bytesMax: 1e9, filesMax: 99 } };

test("RT-015 pruning forgets what is stale, surplus or ended, and never what is still open", async () => {
  const clock = createTestClock(1_000);
  await using opened = await openTestStore(clock);
  const { store } = opened;
  const old = await beginTurn(store, { sessionKey: "agent:main:old" });
  await store.turns.finish(old.turn.id, { status: "done", replies: [] });
  const busy = await beginTurn(store, { sessionKey: "agent:main:busy" });
  clock.advance(10_000);
  const kept = await beginTurn(store);
  await store.turns.finish(kept.turn.id, { status: "done", replies: [] });
  await store.sessions.reset(mainKey);
  const waiting = envelopeOf({ receivedAt: 0 });
  await store.inbox.accept(waiting);
  const keep = { sessionsSince: 5_000, sessionsMax: 10, windowsSince: 0, messagesSince: 0, ...roomy };
  assert.deepEqual(await store.prune(keep), { sessions: 1, windows: 0, messages: 0, replies: 0, turns: 0, files: 0 });
  assert.equal(await store.sessions.find("agent:main:old"), undefined);
  clock.advance(1);
  const all = { sessionsSince: 0, sessionsMax: 1, windowsSince: clock.now(), messagesSince: 2_000_000, ...roomy };
  assert.deepEqual(await store.prune(all), { sessions: 1, windows: 0, messages: 2, replies: 0, turns: 2, files: 0 });
  assert.deepEqual(
    (await store.sessions.list({ limit: 9, offset: 0 })).map(({ key }) => key),
    ["agent:main:busy"],
  );
  assert.deepEqual(
    (await store.turns.running()).map(({ id }) => id),
    [busy.turn.id],
  );
  assert.deepEqual(
    (await store.inbox.unfinished()).map((row) => row.envelope.id),
    [waiting.id],
  );
});

/** SQLite's rows have no prototype; comparison should see their values only. */
function plain<T>(rows: readonly T[]): readonly T[] {
  return rows.map((row) => ({ ...row }));
}
