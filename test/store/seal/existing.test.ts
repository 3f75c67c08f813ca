import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { migrateBack, openMigrated } from "../../../src/store/migrate.ts";
import { migrations } from "../../../src/store/migrations.ts";
import { openStore } from "../../../src/store/store.ts";
import { clock, fill, holders, never, readBack, secret, whole } from "../../faux/state/sealed.ts";
import { openTestStore, testStateKey } from "../../faux/store.ts";
import type { TestStore } from "../../faux/store.ts";

/** The database of the version before sealing, with everything in it that `fill` writes, and its plain files. */
async function plainStore(): Promise<TestStore & { readonly places: Awaited<ReturnType<typeof fill>> }> {
  const opened = await openTestStore(clock);
  const places = await fill(opened.store);
  const media = join(opened.folder, "media");
  const refs = (await opened.store.outbox.list({ limit: 10 })).flatMap((row) => row.media);
  await opened.store.close();
  while ((await migrateBack(opened.path, testStateKey)) > 4);
  for (const version of [5, 6]) rmSync(`${opened.path}.before-${version}`, { force: true });
  for (const name of readdirSync(media)) rmSync(join(media, name));
  for (const { id } of refs) writeFileSync(join(media, id), `a file: ${secret}`);
  const database = new DatabaseSync(opened.path);
  database.prepare("UPDATE media SET id = ?").run(refs[0]?.id ?? "");
  database.exec("UPDATE media SET name = 'x'");
  database.close();
  return { ...opened, places };
}

test("a plain database and its files are sealed in place, and nothing plain is left in any file", async () => {
  await using opened = await plainStore();
  assert.ok(holders(opened.folder).length >= 2, "it was plain");
  const store = await opened.reopen();
  assert.deepEqual(await readBack(store, opened.places), whole);
  assert.deepEqual(holders(opened.folder), [], "neither in the database nor in its log, its copies or the files");
  assert.deepEqual(await store.upkeep.check(never), []);
});

test("sealing that is killed after any of its steps is taken up by the next start", async () => {
  await using opened = await plainStore();
  for (let writes = 1; ; writes += 1) {
    assert.ok(writes < 100);
    const copy = mkdtempSync(join(tmpdir(), "lorica-killed-"));
    try {
      cpSync(opened.folder, copy, { recursive: true });
      const died = await openAndDie(copy, writes);
      const store = await openStore({
        path: join(copy, "lorica.sqlite"),
        mediaDir: join(copy, "media"),
        clock,
        key: testStateKey,
      });
      assert.deepEqual(await readBack(store, opened.places), whole, `killed after write ${writes}`);
      await store.close();
      assert.deepEqual(holders(copy), [], `killed after write ${writes}`);
      if (!died) return;
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }
});

/** Opens the store and fails at the n-th commit, as a kill would; false where it came to its end before. */
async function openAndDie(folder: string, commits: number): Promise<boolean> {
  const exec = DatabaseSync.prototype.exec;
  let left = commits;
  DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string) {
    if (sql === "COMMIT" && left-- === 0) throw new Error("killed");
    return exec.call(this, sql);
  };
  try {
    const store = await openStore({
      path: join(folder, "lorica.sqlite"),
      mediaDir: join(folder, "media"),
      clock,
      key: testStateKey,
    });
    await store.close();
    return false;
  } catch (error) {
    assert.match(String(error), /killed/);
    return true;
  } finally {
    DatabaseSync.prototype.exec = exec;
  }
}

test("a database as old as the first version is sealed on its way to the newest", async () => {
  await using opened = await openTestStore(clock);
  await opened.store.close();
  rmSync(opened.path);
  (await openMigrated(opened.path, migrations.slice(0, 1))).close();
  const old = new DatabaseSync(opened.path);
  old.exec(`UPDATE meta SET value = 1; INSERT INTO sessions VALUES ('k', 'main', 'w', '{"id":"owner","kind":"owner","account":"default"}',
    'cli', 'default', '${secret}', NULL, NULL, 1, 1, 1);
    INSERT INTO windows VALUES (1, 'w', 'k', '{"integrity":"owner","readers":["owner"]}', 0, 0, 1, 1, NULL)`);
  old.close();
  const store = await opened.reopen();
  assert.equal((await store.sessions.find("k"))?.title, secret);
  assert.deepEqual(holders(opened.folder), []);
});
