import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import fc from "fast-check";
import { newId } from "../../../src/base/ids.ts";
import type { Store } from "../../../src/store/store.ts";
import { clock, fill, never, readBack } from "../../faux/state/sealed.ts";
import { beginTurn, openTestStore, ownerLabel, userEntry } from "../../faux/store.ts";

const sealedValues: readonly (readonly [table: string, column: string])[] = [
  ["steps", "body"],
  ["inbox", "envelope"],
  ["inbox", "reason"],
  ["outbox", "text"],
  ["outbox", "media"],
  ["outbox", "reason"],
  ["turns", "outcome"],
  ["turns", "error"],
  ["sessions", "title"],
  ["channel_state", "value"],
  ["overheard", "text"],
  ["overheard", "sender"],
  ["sender_requests", "sender_name"],
  ["sender_approvals", "sender_name"],
  ["media", "name"],
  ["session_keys", "wrapped"],
];

test("a changed byte in any sealed value is found and named, and everything else stays readable", async () => {
  await using opened = await openTestStore(clock);
  const places = await fill(opened.store);
  await opened.store.close();
  const pristine = readFileSync(opened.path);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...sealedValues),
      fc.nat(),
      fc.integer({ min: 1, max: 63 }),
      async (value, at, by) => {
        writeFileSync(opened.path, pristine);
        change(opened.path, value, (text) => flip(text, at, by));
        const store = await opened.reopen();
        const found = await store.upkeep.check(never);
        assert.ok(found.length >= 1, `${value.join(".")}: ${JSON.stringify(found)}`);
        if (value[0] !== "session_keys") assert.equal(found.length, 1, JSON.stringify(found));
        await readBack(store, places);
        await store.close();
      },
    ),
    { numRuns: 60 },
  );
});

function flip(text: string, at: number, by: number): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const index = at % text.length;
  const code = Math.max(0, alphabet.indexOf(text[index] ?? ""));
  return text.slice(0, index) + alphabet[(code + by) % 64] + text.slice(index + 1);
}

function change(path: string, [table, column]: readonly [string, string], edit: (text: string) => string): void {
  const database = new DatabaseSync(path);
  const found = database.prepare(`SELECT * FROM ${table} WHERE length(${column}) > 2 LIMIT 1`).get();
  const text = String(found?.[column]);
  const changed = edit(text);
  assert.notEqual(changed, text);
  database.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${column} = ?`).run(changed, text);
  database.close();
}

test("a damaged entry, a missing one and a cut tail are shown in their place, and the rest of the session is read", async () => {
  await using opened = await openTestStore(clock);
  const { store } = opened;
  const { turn, session } = await beginTurn(store);
  const { windowId } = session;
  for (const text of ["two", "three", "four", "five", "six"])
    await store.transcript.append([userEntry(windowId, turn.id, text)]);
  const database = new DatabaseSync(opened.path);
  database.exec("UPDATE steps SET body = 's' || substr(body, 3) WHERE seq = 2; DELETE FROM steps WHERE seq IN (4, 6)");
  database.close();
  const entries = await store.transcript.read(windowId);
  assert.deepEqual(
    entries.map(({ seq, body, label }) => [seq, body.kind === "note" ? body.text : body.kind, label.integrity]),
    [
      [1, "hello", "owner"],
      [2, "[This part of the conversation is damaged: entry 2 is damaged and cannot be read.]", "untrusted"],
      [3, "three", "owner"],
      [4, "[This part of the conversation is damaged: entry 4 is missing and cannot be read.]", "untrusted"],
      [5, "five", "owner"],
      [6, "[This part of the conversation is damaged: entry 6 is missing and cannot be read.]", "untrusted"],
    ],
  );
  const sessionKey = session.key;
  assert.deepEqual(store.upkeep.damage(), [
    { what: `entry 2 of the window ${windowId}`, sessionKey },
    { what: `entry 4 is missing from the window ${windowId}`, sessionKey },
    { what: `entry 6 is missing from the window ${windowId}`, sessionKey },
  ]);
  const [next] = await store.transcript.append([userEntry(windowId, turn.id, "seven")]);
  assert.equal(next?.seq, 7);
});

test("entries that were swapped, within a session or between two, and a raised label are found", async () => {
  await using opened = await openTestStore(clock);
  const { store } = opened;
  const one = await beginTurn(store);
  const two = await beginTurn(store, { sessionKey: "agent:main:other" });
  await store.transcript.append([userEntry(one.session.windowId, one.turn.id, "second")]);
  const swaps = [
    `UPDATE steps SET body = (SELECT body FROM steps WHERE window_id = '${two.session.windowId}' AND seq = 1)
      WHERE window_id = '${one.session.windowId}' AND seq = 1`,
    `UPDATE steps SET body = (SELECT body FROM steps WHERE window_id = '${one.session.windowId}' AND seq = 1)
      WHERE window_id = '${one.session.windowId}' AND seq = 2`,
    `UPDATE steps SET label = '{"integrity":"owner","readers":["*"]}' WHERE seq = 1`,
    `UPDATE windows SET session_key = 'agent:main:other'`,
  ];
  const found = (entries: Awaited<ReturnType<Store["transcript"]["read"]>>): boolean =>
    entries.some(({ body }) => body.kind === "note" && body.text.includes("is damaged"));
  assert.equal(found(await store.transcript.read(one.session.windowId)), false);
  await store.close();
  const pristine = readFileSync(opened.path);
  for (const sql of swaps) {
    writeFileSync(opened.path, pristine);
    const database = new DatabaseSync(opened.path);
    database.exec(sql);
    database.close();
    const again = await opened.reopen();
    assert.equal(found(await again.transcript.read(one.session.windowId)), true, sql);
    await again.close();
  }
});

async function oweTwoReplies(store: Store): Promise<readonly { readonly id: string }[]> {
  const { turn } = await beginTurn(store);
  const to = { channel: "loopback", account: "default", recipient: "alice" };
  const replies = ["first", "second"].map((text) => ({ id: newId(), to, text, media: [], label: ownerLabel }));
  await store.turns.finish(turn.id, { status: "done", replies });
  return replies;
}

test("a reply that cannot be read is given up and does not hold up the next one", async () => {
  await using opened = await openTestStore(clock);
  const { store } = opened;
  const replies = await oweTwoReplies(store);
  const database = new DatabaseSync(opened.path);
  database.prepare("UPDATE outbox SET text = 'sAAAA' WHERE id = ?").run(replies[0]?.id ?? "");
  database.close();
  assert.deepEqual(await store.outbox.due(1_000_000, 5), []);
  assert.deepEqual(
    (await store.outbox.due(1_000_000, 5)).map(({ text }) => text),
    ["second"],
  );
  assert.equal((await store.outbox.find(replies[0]?.id ?? ""))?.status, "failed");
});

test("what is not sealed and does not fit is named, a reply of that kind holds up no other, and the words say what to do", async () => {
  await using opened = await openTestStore(clock);
  const { store } = opened;
  const replies = await oweTwoReplies(store);
  assert.deepEqual(await store.upkeep.check(never), [], "control: of a whole one nothing is said");
  const database = new DatabaseSync(opened.path);
  database.prepare("UPDATE outbox SET label = '{\"integrity' WHERE id = ?").run(replies[0]?.id ?? "");
  database.close();
  assert.deepEqual(await store.upkeep.check(never), [{ what: `the label of ${replies[0]?.id} in outbox` }]);
  await assert.rejects(store.outbox.list({ limit: 5 }), { code: "internal", message: /lorica doctor names it/ });
  assert.deepEqual(await store.outbox.due(1_000_000, 5), []);
  assert.deepEqual(
    (await store.outbox.due(1_000_000, 5)).map(({ text }) => text),
    ["second"],
  );
});

test("a file whose tables are called otherwise is refused as damaged, and left as it is", async () => {
  await using opened = await openTestStore(clock);
  await opened.store.close();
  const database = new DatabaseSync(opened.path);
  database.enableDefensive(false);
  database.exec("PRAGMA writable_schema = ON");
  database.exec("UPDATE sqlite_schema SET sql = replace(sql, 'outcome TEXT', 'outcame TEXT') WHERE name = 'turns'");
  database.close();
  await assert.rejects(opened.reopen(), { code: "internal", message: /is damaged; put back a backup.*outcome/ });
});
