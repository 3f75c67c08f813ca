import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { openStore } from "../../../src/store/store.ts";
import { clock, fill, holders, never, readBack, secret, whole } from "../../faux/state/sealed.ts";
import { envelopeOf, openTestStore, routedOf } from "../../faux/store.ts";

test("VLT-012 nothing that people said, sent or are called is readable in any file of the store", async () => {
  await using opened = await openTestStore(clock);
  const places = await fill(opened.store);
  assert.deepEqual(await readBack(opened.store, places), whole);
  assert.deepEqual(holders(opened.folder), [], "while it is open");
  await opened.store.close();
  assert.deepEqual(holders(opened.folder), [], "after it was closed");
  // The scan finds what is there.
  writeFileSync(join(opened.folder, "control"), Buffer.from(`xx${secret}`).toString("base64"));
  assert.deepEqual(holders(opened.folder), ["control"]);
  assert.deepEqual(await readBack(await opened.reopen(), places), whole);
});

test("a database opens with its own key only, and is not changed by another", async () => {
  await using opened = await openTestStore(clock);
  const places = await fill(opened.store);
  await opened.store.close();
  const options = { path: opened.path, mediaDir: join(opened.folder, "media"), clock };
  await assert.rejects(openStore({ ...options, key: Buffer.alloc(32, 8) }), /sealed with another key/);
  assert.deepEqual(await readBack(await opened.reopen(), places), whole);
});

test("a deleted session takes its key and its words with it; what is on its way is still delivered", async () => {
  await using opened = await openTestStore(clock);
  const { store } = opened;
  const { sessionKey, windowId } = await fill(store);
  const wrapped = keyOf(opened.path, sessionKey);
  assert.ok(wrapped !== undefined);
  await store.sessions.delete(sessionKey);
  assert.deepEqual(await store.transcript.read(windowId), []);
  assert.notEqual(keyOf(opened.path, sessionKey), wrapped);
  assert.deepEqual(holders(opened.folder, wrapped), [], "the wrapped key is in no file any more");
  assert.deepEqual(
    (await store.inbox.unfinished()).map(({ envelope }) => envelope.text),
    [secret],
  );
  const replies = await store.outbox.list({ limit: 10 });
  assert.deepEqual(
    replies.slice(2).map(({ text, status }) => [status, text]),
    [
      ["held", ""],
      ["pending", secret],
    ],
  );
  assert.deepEqual(await store.upkeep.check(never), []);
});

function keyOf(path: string, sessionKey: string): string | undefined {
  const database = new DatabaseSync(path, { readOnly: true });
  const row = database.prepare("SELECT wrapped FROM session_keys WHERE session_key = ?").get(sessionKey);
  database.close();
  return row === undefined ? undefined : String(row["wrapped"]);
}

test("the keys that nothing needs any more are forgotten", async () => {
  await using opened = await openTestStore({ now: () => 1_000_000 });
  const { store } = opened;
  const kept = await fill(store);
  const lost = envelopeOf();
  await store.inbox.accept(lost, { kind: "routed", routed: routedOf({ sessionKey: "agent:main:never-opened" }) });
  await store.inbox.end(lost.id, "dropped", "no");
  const keep = {
    sessionsSince: 0,
    sessionsMax: 10,
    windowsSince: 0,
    messagesSince: 2_000_000,
    bytesMax: 1e9,
    media: { since: 0, bytesMax: 1e9, filesMax: 99 },
  };
  await store.prune(keep);
  assert.equal(keyOf(opened.path, "agent:main:never-opened"), undefined);
  assert.ok(keyOf(opened.path, kept.sessionKey) !== undefined);
});

test("a key that a write made which came to nothing is not used", async () => {
  await using opened = await openTestStore(clock);
  const { store } = opened;
  const routed = routedOf({ sessionKey: "agent:main:new" });
  const exec = DatabaseSync.prototype.exec;
  DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string) {
    if (sql === "COMMIT") throw new Error("no");
    return exec.call(this, sql);
  };
  try {
    await assert.rejects(store.inbox.accept(envelopeOf({ text: "lost" }), { kind: "routed", routed }), /no/);
  } finally {
    DatabaseSync.prototype.exec = exec;
  }
  await store.inbox.accept(envelopeOf({ text: "kept" }), { kind: "routed", routed });
  const again = await opened.reopen();
  assert.deepEqual(
    (await again.inbox.unfinished()).map(({ envelope }) => envelope.text),
    ["kept"],
  );
});
