import assert from "node:assert/strict";
import { rmSync, existsSync, openSync, readFileSync, readdirSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { limits } from "../../src/base/limits.ts";
import { migrateBack, openMigrated } from "../../src/store/migrate.ts";
import { migrations } from "../../src/store/migrations.ts";
import type { Migration } from "../../src/store/migrations.ts";
import { checkDatabase } from "../../src/store/store.ts";
import { beginTurn, envelopeOf, openTestStore, routedOf, testStateKey, userEntry } from "../faux/store.ts";

const fails = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof LoricaError, String(error));
  assert.deepEqual([error.code, message.test(error.message) || error.message], [code, true]);
  return true;
};

const newest = migrations.length;
const afterNext = `before-${newest + 1}`;

const next: readonly Migration[] = [
  ...migrations,
  {
    version: newest + 1,
    name: "notes",
    up: "CREATE TABLE notes (text TEXT) STRICT; ALTER TABLE sessions ADD COLUMN colour TEXT;",
    down: "DROP TABLE notes; ALTER TABLE sessions DROP COLUMN colour;",
  },
];

test("everything the store writes is for its owner only", async () => {
  await using opened = await openTestStore();
  await opened.store.media.save(Buffer.from("x"), "text/plain", "x.txt");
  await opened.store.inbox.accept(envelopeOf());
  const files = readdirSync(opened.folder, { recursive: true, withFileTypes: true });
  assert.ok(files.length >= 5);
  for (const file of files) {
    const mode = statSync(join(file.parentPath, file.name)).mode & 0o777;
    assert.equal(mode, file.isDirectory() ? 0o700 : 0o600, file.name);
  }
});

test("a migration goes forward over a copy, and back by one version, with everything kept", async () => {
  await using opened = await openTestStore();
  const { turn } = await beginTurn(opened.store);
  await opened.store.close();
  (await openMigrated(opened.path, next)).close();
  const copy = `${opened.path}.${afterNext}`;
  assert.deepEqual([statSync(copy).mode & 0o777, checkDatabase(copy), checkDatabase(opened.path)], [0o600, [], []]);
  await assert.rejects(opened.reopen(), fails("conflict", new RegExp(`newer Lorica .*${afterNext}`)));
  assert.equal(await migrateBack(opened.path, testStateKey, next), newest);
  const store = await opened.reopen();
  assert.deepEqual(await store.turns.running(), [turn]);
});

test("a database of the first version becomes one of the newest, and goes all the way back", async () => {
  await using opened = await openTestStore();
  await opened.store.close();
  const [first] = migrations;
  assert.ok(first !== undefined);
  const path = join(opened.folder, "old.sqlite");
  const schema = (): readonly string[] => {
    const database = new DatabaseSync(path, { readOnly: true });
    const rows = database.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY sql").all();
    database.close();
    return rows.map((row) => String(row["sql"]));
  };
  (await openMigrated(path, [first])).close();
  const before = schema();
  (await openMigrated(path)).close();
  assert.ok(schema().length > before.length);
  for (let version = newest; version > 1; version -= 1)
    assert.equal(await migrateBack(path, testStateKey), version - 1);
  assert.deepEqual(schema(), before);
});

test("a migration that fails leaves the version before it", async () => {
  await using opened = await openTestStore();
  await opened.store.close();
  const broken = [
    ...migrations,
    { version: newest + 1, name: "broken", up: "CREATE TABLE a (b); nonsense;", down: "" },
  ];
  await assert.rejects(openMigrated(opened.path, broken), fails("internal", /nonsense/));
  const store = await opened.reopen();
  assert.deepEqual(await store.inbox.unfinished(), []);
});

test("what is not our database is refused and left as it is", async () => {
  await using opened = await openTestStore();
  await opened.store.close();
  const foreign = join(opened.folder, "foreign.sqlite");
  const other = new DatabaseSync(foreign);
  other.exec("CREATE TABLE theirs (a)");
  other.close();
  await assert.rejects(openMigrated(foreign), fails("conflict", /another program/));
  const text = join(opened.folder, "text.sqlite");
  writeFileSync(text, "this is a letter, not a database\n".repeat(100));
  await assert.rejects(openMigrated(text), fails("internal", /not a database/));
  assert.equal(readFileSync(text, "utf8").startsWith("this is a letter"), true);
  await assert.rejects(openMigrated(join(opened.folder, "no", "where.sqlite")), fails("unavailable", /folder exists/));
});

test("a damaged database is named, answers with a code, and is not migrated", async () => {
  await using opened = await openTestStore();
  const { turn, session } = await beginTurn(opened.store);
  const text = "long ".repeat(2_000);
  for (let round = 0; round < 20; round += 1)
    await opened.store.transcript.append([userEntry(session.windowId, turn.id, text)]);
  await opened.store.close();
  const file = openSync(opened.path, "r+");
  const size = statSync(opened.path).size;
  for (let at = 8_192; at < size; at += 4_096) writeSync(file, Buffer.alloc(2_000, 0xa5), 0, 2_000, at);
  await assert.rejects(
    async () => {
      const store = await opened.reopen();
      await store.transcript.read(session.windowId);
    },
    fails("internal", /damaged/),
  );
  await assert.rejects(openMigrated(opened.path, next), fails("internal", /damaged/));
  assert.equal(existsSync(`${opened.path}.${afterNext}`), false);
});

test("a database that another process has locked is waited for, then named; reading goes on", async () => {
  await using opened = await openTestStore();
  const envelope = envelopeOf();
  await opened.store.inbox.accept(envelope);
  const other = new DatabaseSync(opened.path);
  other.exec("BEGIN IMMEDIATE");
  const waiting = opened.store.inbox.route(envelope.id, routedOf());
  assert.equal((await opened.store.inbox.find(envelope.id))?.status, "received");
  other.exec("COMMIT");
  await waiting;
  assert.equal((await opened.store.inbox.find(envelope.id))?.status, "queued");
  other.close();
});

test("where the disk is full the write fails with a code, and nothing stored before is lost", async () => {
  await using opened = await openTestStore();
  const kept = envelopeOf();
  await opened.store.inbox.accept(kept);
  await opened.store.close();
  // SQLite answers a file at its page limit as it answers a full disk.
  const database = await openMigrated(opened.path);
  const pages = database.query<{ page_count: number }>("PRAGMA page_count").get()?.page_count ?? 0;
  database.execute(`PRAGMA max_page_count = ${pages}`);
  const write = database.query("INSERT INTO media VALUES (:id, '', :name, 1, 1, 1)");
  const name = "x".repeat(100_000);
  await assert.rejects(
    database.write(() => write.run({ id: "a", name })),
    fails("unavailable", /disk is full.*nothing stored so far is lost/),
  );
  database.close();
  assert.deepEqual(checkDatabase(opened.path), []);
  const store = await opened.reopen();
  assert.deepEqual(
    (await store.inbox.unfinished()).map((row) => row.envelope),
    [kept],
  );
});

test("a media file is kept once, whole, and read back only as it was", async () => {
  await using opened = await openTestStore();
  const { media } = opened.store;
  const bytes = Buffer.from("picture");
  const ref = await media.save(bytes, "image/png", "../a.png");
  assert.deepEqual(await media.save(bytes, "image/png", "../a.png"), ref);
  const [file, ...others] = readdirSync(join(opened.folder, "media"));
  assert.ok(file !== undefined && !file.includes(ref.id), "the name says nothing of the content");
  assert.deepEqual(others, []);
  assert.deepEqual(Buffer.from(await media.load(ref)), bytes);
  await assert.rejects(media.load({ ...ref, id: "../../etc/passwd" }), fails("invalid_request", /not a media id/));
  await assert.rejects(media.load({ ...ref, id: "0".repeat(64) }), fails("not_found", /no longer kept/));
  writeFileSync(join(opened.folder, "media", file), "other");
  await assert.rejects(media.load(ref), fails("internal", /damaged; send it again/));
  assert.deepEqual(await media.save(bytes, "image/png", "../a.png"), ref);
  assert.deepEqual(Buffer.from(await media.load(ref)), bytes);
  const large = Buffer.alloc(limits.attachmentMaxBytes + 1);
  await assert.rejects(media.save(large, "a/b", "big"), fails("too_large", /at most/));
});

test("any byte of a media file: it is named, it is not loaded, and the other one is", async () => {
  await using opened = await openTestStore();
  const { media, upkeep } = opened.store;
  const ref = await media.save(Buffer.from("picture"), "image/png", "a.png");
  const [name = ""] = readdirSync(join(opened.folder, "media"));
  const other = await media.save(Buffer.from("another"), "image/png", "b.png");
  const path = join(opened.folder, "media", name);
  const whole = readFileSync(path);
  for (let at = 0; at < whole.length; at++) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    writeFileSync(path, changed);
    await assert.rejects(media.load(ref), fails("internal", /damaged; send it again/), `byte ${at}`);
    assert.equal(Buffer.from(await media.load(other)).toString(), "another");
  }
  assert.deepEqual(await upkeep.check(new AbortController().signal), [{ what: `the file ${name}` }]);
});

test("a media folder that is gone is named, and comes to no harm", async () => {
  await using opened = await openTestStore();
  rmSync(join(opened.folder, "media"), { recursive: true });
  await assert.rejects(opened.store.media.save(Buffer.from("x"), "a/b", "x"), fails("unavailable", /cannot keep/));
  assert.equal(existsSync(join(opened.folder, "media")), false);
});
