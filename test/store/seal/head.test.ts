import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { LoricaError } from "../../../src/base/errors.ts";
import { openStore } from "../../../src/store/store.ts";
import type { Damage, Head, Store } from "../../../src/store/store.ts";
import { clock, fill, never } from "../../faux/state/sealed.ts";
import { beginTurn, openTestStore, testStateKey, userEntry } from "../../faux/store.ts";
import type { TestStore } from "../../faux/store.ts";

async function openWith(
  opened: TestStore,
  expected?: Head,
): Promise<{ store: Store; heads: Head[]; damage: Damage[] }> {
  const [heads, damage]: [Head[], Damage[]] = [[], []];
  const store = await openStore({
    path: opened.path,
    mediaDir: join(opened.folder, "media"),
    clock,
    key: testStateKey,
    head: { expected, report: (head) => heads.push(head) },
    onDamage: (one) => damage.push(one),
  });
  return { store, heads, damage };
}

function change(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

test("an older database that is put in place is refused, also where its counter was raised by hand", async () => {
  await using opened = await openTestStore(clock);
  await fill(opened.store);
  await opened.store.close();
  const old = readFileSync(opened.path);
  const first = await openWith(opened);
  await first.store.sessions.reset("agent:main:main");
  await first.store.close();
  const expected = first.heads.at(-1);
  assert.ok(expected !== undefined);
  const newest = readFileSync(opened.path);

  writeFileSync(opened.path, old);
  await assert.rejects(openWith(opened, expected), /older than it was .* lorica backup accept/);
  assert.deepEqual(readFileSync(opened.path), old, "it was not changed");
  change(opened.path, "UPDATE head SET writes = writes + 1000");
  await assert.rejects(openWith(opened, expected), /older than it was .* lorica backup accept/);
  for (const both of ["tag = '', copy = ''", "writes = writes + 1000, copy = replace(copy, ',', ',9')"]) {
    writeFileSync(opened.path, old);
    change(opened.path, `UPDATE head SET ${both}`);
    await assert.rejects(openWith(opened, expected), /damaged in both of its places.* lorica backup accept/);
  }
  // The owner's word is that nothing is expected.
  const accepted = await openWith(opened);
  assert.deepEqual(accepted.damage, [{ what: "the head of the database" }]);
  await accepted.store.close();

  for (const one of [
    "lineage = lower(hex(randomblob(16)))",
    "writes = writes + 7",
    "tag = 'x'",
    "copy = 'x' || copy",
  ]) {
    writeFileSync(opened.path, newest);
    change(opened.path, `UPDATE head SET ${one}`);
    const flipped = await openWith(opened, expected);
    assert.deepEqual(flipped.damage, [{ what: "the head of the database" }], one);
    await flipped.store.close();
    const healed = await openWith(opened, flipped.heads.at(-1));
    assert.deepEqual(healed.damage, [], one);
    await healed.store.close();
  }

  writeFileSync(opened.path, newest);
  const right = await openWith(opened, expected);
  assert.deepEqual(right.damage, []);
  await right.store.close();
});

test("another database, or none where there was one, is not taken for the one that was there", async () => {
  await using opened = await openTestStore(clock);
  await using other = await openTestStore(clock);
  await fill(opened.store);
  await opened.store.close();
  await other.store.close();
  const { store, heads } = await openWith(opened);
  await store.close();
  writeFileSync(opened.path, readFileSync(other.path));
  await assert.rejects(openWith(opened, heads.at(-1)), /not the database that was here before/);
  rmSync(opened.path);
  await assert.rejects(
    openWith(opened, heads.at(-1)),
    (error: unknown) => error instanceof LoricaError && error.code === "conflict",
  );
});

test("what a loss of power may take back was never reported, so that nobody is accused of it", async () => {
  await using opened = await openTestStore(clock);
  const { turn, session } = await beginTurn(opened.store);
  await opened.store.close();
  const { store, heads } = await openWith(opened);
  await store.sessions.patch(session.key, { title: "flushed" });
  const flushed = store.upkeep.head();
  await store.transcript.append([userEntry(session.windowId, turn.id, "x")], { durability: "ordered" });
  assert.equal(store.upkeep.head().writes, flushed.writes + 1);
  await store.close();
  assert.deepEqual(heads.at(-1), flushed);
});

test("a copy that is made while the database is in use is whole, and says which moment it shows", async () => {
  await using opened = await openTestStore(clock);
  const { turn, session } = await beginTurn(opened.store);
  const path = join(opened.folder, "copy.sqlite");
  const writing = (async () => {
    for (let index = 0; index < 50; index += 1)
      await opened.store.transcript.append([userEntry(session.windowId, turn.id, "x".repeat(5_000))]);
  })();
  const head = await opened.store.upkeep.snapshot(path);
  await writing;
  const store = await openStore({
    path,
    mediaDir: join(opened.folder, "media"),
    clock,
    key: testStateKey,
    head: { expected: head },
  });
  assert.deepEqual(await store.upkeep.check(never), []);
  const entries = await store.transcript.read(session.windowId);
  assert.ok(entries.every(({ body }) => body.kind === "note" && !body.text.includes("missing")));
  await store.close();
});
