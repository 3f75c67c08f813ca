import assert from "node:assert/strict";
import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import type { MediaRef } from "../../src/base/envelope.ts";
import { limits } from "../../src/base/limits.ts";
import type { Keep, MediaKeep, Store } from "../../src/store/store.ts";
import { createTestClock } from "../faux/clock.ts";
import { beginTurn, envelopeOf, openTestStore, ownerLabel } from "../faux/store.ts";

const hour = 60 * 60_000;
const day = 24 * hour;
const allFiles: MediaKeep = { since: 0, bytesMax: 1e9, filesMax: 1e6 };
const all: Keep = {
  sessionsSince: 0,
  sessionsMax: 1e6,
  windowsSince: 0,
  messagesSince: 0,
  bytesMax: 1e12,
  media: allFiles,
};

async function say(store: Store, sessionKey: string, text: string) {
  const begun = await beginTurn(store, { sessionKey });
  const about = { windowId: begun.session.windowId, turnId: begun.turn.id, label: ownerLabel };
  await store.transcript.append([{ ...about, body: { kind: "note", text } }]);
  return begun;
}

const keysOf = async (store: Store) =>
  (await store.sessions.list({ limit: 99, offset: 0 })).map(({ key }) => key.slice(11)).toSorted();

function usedBytes(path: string): number {
  const database = new DatabaseSync(path);
  const read = (name: string) => Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
  const used = (read("page_count") - read("freelist_count")) * read("page_size");
  database.close();
  return used;
}

test("GAP-052 transcripts stay within their bytes: the oldest go, never what runs or was touched today", async () => {
  const clock = createTestClock(100 * day);
  await using opened = await openTestStore(clock);
  const { store, path } = opened;
  const empty = usedBytes(path);
  const end = (id: string) => store.turns.finish(id, { status: "done", replies: [] });
  for (const name of ["old", "busy", "reset"]) {
    const { turn, session } = await say(store, `agent:main:${name}`, "x".repeat(1_000_000));
    if (name !== "busy") await end(turn.id);
    if (name === "reset") await store.sessions.reset(session.key);
    clock.advance(hour);
  }
  clock.advance(2 * day);
  await end((await say(store, "agent:main:new", "x".repeat(1_000_000))).turn.id);
  const each = (usedBytes(path) - empty) / 4;
  const bytesMax = empty + 3.5 * each;
  assert.deepEqual([(await store.prune(all)).sessions, await keysOf(store)], [0, ["busy", "new", "old", "reset"]]);

  const first = await store.prune({ ...all, bytesMax });
  assert.deepEqual([first.sessions, first.windows, await keysOf(store)], [1, 0, ["busy", "new", "reset"]]);
  assert.ok(usedBytes(path) <= bytesMax);

  const second = await store.prune({ ...all, bytesMax: empty + 2.5 * each });
  assert.deepEqual([second.sessions, second.windows, await keysOf(store)], [0, 1, ["busy", "new", "reset"]]);

  // Nothing that may go is left but the empty session that was reset: what is open stays, whatever the bound says.
  await store.prune({ ...all, bytesMax: 0 });
  assert.deepEqual(await keysOf(store), ["busy", "new"]);
});

test("GAP-052 received files are bounded by age, bytes and number, oldest first", async () => {
  const clock = createTestClock(100 * day);
  await using opened = await openTestStore(clock);
  const { store, folder } = opened;
  const refs: MediaRef[] = [];
  for (const name of ["a", "b", "c", "d", "e"]) {
    refs.push(await store.media.save(Buffer.from(name.repeat(100)), "text/plain", name));
    clock.advance(hour);
  }
  clock.advance(2 * hour);
  const left = async () => {
    const names = [];
    for (const ref of refs)
      names.push(
        await store.media.load(ref).then(
          () => ref.name,
          () => "",
        ),
      );
    return names.join("");
  };
  const prune = async (media: Partial<MediaKeep>) =>
    (await store.prune({ ...all, media: { ...allFiles, ...media } })).files;
  assert.deepEqual([await prune({}), await left()], [0, "abcde"]);
  assert.deepEqual([await prune({ since: 100 * day + 1 }), await left()], [1, "bcde"]);
  // Sent again, it is new again.
  await store.media.save(Buffer.from("b".repeat(100)), "text/plain", "b");
  clock.advance(2 * hour);
  assert.deepEqual([await prune({ filesMax: 3 }), await left()], [1, "bde"]);
  assert.deepEqual([await prune({ bytesMax: 200 }), await left()], [1, "be"]);
  assert.equal(readdirSync(join(folder, "media")).length, 2);
  await assert.rejects(store.media.load(refs[0] ?? assert.fail()), /the file a is no longer kept/);
});

test("GAP-052 no file goes that something open may need, nor one that has just come", async () => {
  const clock = createTestClock(100 * day);
  await using opened = await openTestStore(clock);
  const { store } = opened;
  const none = { ...all, media: { since: Infinity, bytesMax: 0, filesMax: 0 } };
  const waiting = envelopeOf({ receivedAt: clock.now() });
  await store.inbox.accept(waiting);
  const ref = await store.media.save(Buffer.from("x"), "text/plain", "x");
  clock.advance(10 * hour);
  await store.media.save(Buffer.from("y"), "text/plain", "y");
  assert.equal((await store.prune(none)).files, 0);
  await store.inbox.end(waiting.id, "dropped", "no");
  assert.equal((await store.prune(none)).files, 1);
  await assert.rejects(store.media.load(ref));
});

test("what a crash left between a file and its row goes, and other people's files stay", async () => {
  await using opened = await openTestStore();
  const { store, folder } = opened;
  const kept = await store.media.save(Buffer.from("x"), "text/plain", "x");
  const media = join(folder, "media");
  const long = new Date(Date.now() - 2 * limits.mediaOpenMs);
  const [own = ""] = readdirSync(media);
  for (const name of [`${"0".repeat(64)}.sealed`, "notes.txt"]) writeFileSync(join(media, name), "x");
  for (const name of readdirSync(media)) utimesSync(join(media, name), long, long);
  writeFileSync(join(media, `${"1".repeat(64)}.sealed`), "x");
  await store.prune(all);
  assert.deepEqual(readdirSync(media).toSorted(), [`${"1".repeat(64)}.sealed`, own, "notes.txt"].toSorted());
  assert.equal((await store.media.load(kept)).toString(), "x");
});
