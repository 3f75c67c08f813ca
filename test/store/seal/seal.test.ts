import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import fc from "fast-check";
import { LoricaError } from "../../../src/base/errors.ts";
import { newId } from "../../../src/base/ids.ts";
import { openMigrated } from "../../../src/store/migrate.ts";
import { migrations } from "../../../src/store/migrations.ts";
import { openStore } from "../../../src/store/store.ts";
import type { Damage, Head, Store } from "../../../src/store/store.ts";
import {
  beginTurn,
  envelopeOf,
  openTestStore,
  ownerLabel,
  routedOf,
  testStateKey,
  userEntry,
} from "../../faux/store.ts";
import type { TestStore } from "../../faux/store.ts";

const clock = { now: () => 1_000_000 };
const secret = "CANARY-8f3a-the-words-of-a-person";
const never = new AbortController().signal;

/** Every file below a folder that holds the words, in plain, as UTF-16 or in base64. */
function holders(folder: string, words = secret): readonly string[] {
  // In base64 three bytes become four characters, so the words look different at each of three places.
  const base64 = [0, 1, 2].map((before) =>
    Buffer.from(" ".repeat(before) + words)
      .toString("base64")
      .slice(4, -4),
  );
  const spellings = [Buffer.from(words), Buffer.from(words, "utf16le"), ...base64];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return files
    .filter((file) => {
      const bytes = readFileSync(join(file.parentPath, file.name));
      return spellings.some((spelling) => bytes.includes(spelling));
    })
    .map((file) => file.name)
    .toSorted();
}

/** Puts the words everywhere that the store keeps words in. */
async function fill(store: Store): Promise<{ readonly windowId: string; readonly sessionKey: string }> {
  const { turn, session } = await beginTurn(store);
  const { windowId, key: sessionKey } = session;
  await store.transcript.append([userEntry(windowId, turn.id, secret)]);
  const media = await store.media.save(Buffer.from(`a file: ${secret}`), "text/plain", `${secret}.txt`);
  const place = { channel: "loopback", account: "default" };
  const to = { ...place, recipient: "alice" };
  const reply = { id: newId(), to, text: secret, media: [media], label: ownerLabel };
  const replies = [reply, { ...reply, id: newId(), settled: { status: "held" as const, reason: secret } }];
  await store.turns.finish(turn.id, { status: "failed", error: secret, outcome: { text: secret }, replies });
  await store.sessions.patch(sessionKey, { title: secret });
  await store.inbox.accept(envelopeOf({ text: secret }), { kind: "routed", routed: routedOf() });
  await store.inbox.accept(envelopeOf({ text: secret }), { kind: "dropped", reason: secret });
  await store.overheard.add(envelopeOf({ text: secret }), { room: "r", limit: 5 });
  await store.channelState.set(place, "kept", { text: secret });
  const times = { createdAt: 1, lastSeenAt: 1, expiresAt: 2_000_000_000_000 };
  for (const [id, senderId] of [
    ["r1", "s1"],
    ["r2", "s2"],
  ] as const)
    await store.senders.request({ id, ...place, senderId, senderName: secret, replyTo: to, ...times }, 5);
  await store.senders.approve("r2", "member", "owner");
  return { windowId, sessionKey };
}

/** All that can be read of what `fill` wrote. */
async function readBack(store: Store, { windowId, sessionKey }: { windowId: string; sessionKey: string }) {
  const entries = await store.transcript.read(windowId);
  const replies = await store.outbox.list({ limit: 10 });
  const media = replies.flatMap((reply) => reply.media);
  return {
    entries: entries.map(({ body }) => body),
    title: (await store.sessions.find(sessionKey))?.title,
    replies: replies.map(({ text, reason }) => ({ text, reason })),
    files: await Promise.all(media.map(async (ref) => [ref.name, Buffer.from(await store.media.load(ref)).toString()])),
    waiting: (await store.inbox.unfinished()).map(({ envelope }) => envelope.text),
    heard: (await store.overheard.list("r")).map(({ text }) => text),
    state: await store.channelState.get({ channel: "loopback", account: "default" }, "kept"),
    names: [...(await store.senders.requests()), ...(await store.senders.approvals())].map(
      ({ senderName }) => senderName,
    ),
  };
}

const whole = {
  entries: [
    { kind: "note", text: "hello" },
    { kind: "note", text: secret },
  ],
  title: secret,
  replies: [
    { text: "", reason: undefined },
    { text: "", reason: undefined },
    { text: secret, reason: secret },
    { text: secret, reason: undefined },
  ],
  files: [
    [`${secret}.txt`, `a file: ${secret}`],
    [`${secret}.txt`, `a file: ${secret}`],
  ],
  waiting: [secret],
  heard: [secret],
  state: { text: secret },
  names: [secret, secret],
};

test("VLT-012 GAP-004 nothing that people said, sent or are called is readable in any file of the store", async () => {
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

/** The database of the version before sealing, with everything in it that `fill` writes, and its plain files. */
async function plainStore(): Promise<TestStore & { readonly places: Awaited<ReturnType<typeof fill>> }> {
  const opened = await openTestStore(clock);
  const places = await fill(opened.store);
  const media = join(opened.folder, "media");
  const refs = (await opened.store.outbox.list({ limit: 10 })).flatMap((row) => row.media);
  await opened.store.close();
  const { migrateBack } = await import("../../../src/store/migrate.ts");
  assert.equal(await migrateBack(opened.path, testStateKey), 4);
  rmSync(`${opened.path}.before-5`, { force: true });
  for (const name of readdirSync(media)) rmSync(join(media, name));
  for (const { id } of refs) writeFileSync(join(media, id), `a file: ${secret}`);
  const database = new DatabaseSync(opened.path);
  database.prepare("UPDATE media SET id = ?").run(refs[0]?.id ?? "");
  database.exec("UPDATE media SET name = 'x'");
  database.close();
  return { ...opened, places };
}

test("GAP-004 a plain database and its files are sealed in place, and nothing plain is left in any file", async () => {
  await using opened = await plainStore();
  assert.ok(holders(opened.folder).length >= 2, "it was plain");
  const store = await opened.reopen();
  assert.deepEqual(await readBack(store, opened.places), whole);
  assert.deepEqual(holders(opened.folder), [], "neither in the database nor in its log, its copies or the files");
  assert.deepEqual(await store.upkeep.check(never), []);
});

test("GAP-004 sealing that is killed after any of its steps is taken up by the next start", async () => {
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
  const keep = { sessionsSince: 0, sessionsMax: 10, windowsSince: 0, messagesSince: 2_000_000 };
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

test("a reply that cannot be read is given up and does not hold up the next one", async () => {
  await using opened = await openTestStore(clock);
  const { store } = opened;
  const { turn } = await beginTurn(store);
  const to = { channel: "loopback", account: "default", recipient: "alice" };
  const replies = ["first", "second"].map((text) => ({ id: newId(), to, text, media: [], label: ownerLabel }));
  await store.turns.finish(turn.id, { status: "done", replies });
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
  const database = new DatabaseSync(opened.path);
  database.exec("UPDATE head SET writes = writes + 1000");
  database.close();
  const raised = await openWith(opened, expected);
  assert.deepEqual(raised.damage, [{ what: "the head of the database" }]);
  await raised.store.close();

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
  assert.ok(existsSync(path));
});

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
