// Kills a whole message path again and again, and looks whether what it promised still holds.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { checkDatabase, openStore } from "../../src/store/store.ts";
import type { Store } from "../../src/store/store.ts";
import type { CrashPlan, SpooledMessage } from "../faux/flow/crash-child.ts";
import { testStateKey } from "../faux/store.ts";

const child = resolve(import.meta.dirname, "../faux/flow/crash-child.ts");
const seed = Number(process.env["CRASH_SEED"] ?? Math.trunc(Math.random() * 1_000_000));

type World = {
  readonly folder: string;
  readonly plan: Omit<CrashPlan, "kill">;
  readonly random: () => number;
  readonly spool: SpooledMessage[];
};
type Kill = CrashPlan["kill"];
type Reply = { readonly text: string; readonly status: string };
type Found = {
  readonly sends: readonly string[];
  readonly effects: readonly string[];
  readonly replies: readonly Reply[];
};

const safeCheckpoints = ["received", "stored", "begun", "ran", "finished", "sent", "receipted"];

test("a process killed outside an open call answers every accepted message exactly once", async (t) => {
  t.diagnostic(`CRASH_SEED=${seed}`);
  await using world = openWorld({ idempotentSend: false, mode: "followup" }, seed);
  const kills = await torment(world, 80, (random) => outside(random, safeCheckpoints));
  const found = await readWorld(world);
  for (const { session } of world.spool)
    assert.deepEqual(tokensOf(found.sends, world, session), spooled(world, session));
  assertHonest(found);
  t.diagnostic(`${kills} kills, ${world.spool.length} messages`);
});

test("the same, where messages join running turns and the platform knows what it has", async (t) => {
  t.diagnostic(`CRASH_SEED=${seed}`);
  await using world = openWorld({ idempotentSend: true, mode: "steer" }, seed + 1);
  const kills = await torment(world, 80, (random) => outside(random, [...safeCheckpoints, "joined", "taken"]));
  const found = await readWorld(world);
  for (const { session } of world.spool)
    assert.deepEqual(tokensOf(found.sends, world, session), spooled(world, session));
  assert.deepEqual(new Set(found.replies.map(({ status }) => status)), new Set(["sent"]));
  assertHonest(found);
  t.diagnostic(`${kills} kills, ${world.spool.length} messages`);
});

test("a process killed inside a call repeats no tool and no send, and shows what it cannot know", async (t) => {
  t.diagnostic(`CRASH_SEED=${seed}`);
  await using world = openWorld({ idempotentSend: false, mode: "followup" }, seed + 2);
  const kills = await torment(world, 45, (random) => ({
    at: "inside",
    call: pick(random, ["model", "tool", "send"]),
    pass: 1 + Math.trunc(random() * 3),
    before: random() < 0.5,
  }));
  const found = await readWorld(world);
  const answers = found.replies.map(({ text }) => text);
  assert.deepEqual(tokensIn(answers).toSorted(), world.spool.map(({ token }) => token).toSorted(), "one reply each");
  assertHonest(found);
  assertOnce(found.sends);
  for (const { text, status } of found.replies) {
    if (status === "sent") assert.ok(found.sends.includes(text), `${text} was sent`);
    else assert.equal(status, "unknown");
  }
  const unknown = found.replies.filter(({ status }) => status === "unknown").length;
  const blind = answers.filter((text) => text.endsWith("tool unknown")).length;
  assert.ok(unknown > 0 && blind > 0, "the kills met open sends and open tools");
  t.diagnostic(`${kills} kills, ${unknown} unknown sends, ${blind} unknown tools`);
});

/** Kills the world's process `count` times. Now and then it may finish, and then everything must be in order. */
async function torment(world: World, count: number, next: (random: () => number) => Kill): Promise<number> {
  let kills = 0;
  while (kills < count) {
    for (let round = 0; round < 5 && kills < count; round += 1) {
      addMessages(world);
      if (await runChild(world, next(world.random))) kills += 1;
    }
    assert.equal(await runChild(world, { at: "never" }), false);
    await assertWhole(world);
  }
  return kills;
}

function addMessages({ spool, random, folder }: World): void {
  for (let added = 0; added < 3; added += 1) {
    spool.push({ token: `msg-${spool.length + 1}`, session: `peer-${Math.trunc(random() * 4)}` });
  }
  writeFileSync(join(folder, "spool.json"), JSON.stringify(spool));
}

/** True where the process was killed, false where it finished before. */
async function runChild({ folder, plan }: World, kill: Kill): Promise<boolean> {
  const started = spawn(process.execPath, [child, folder, JSON.stringify({ ...plan, kill })], {
    env: { NODE_COMPILE_CACHE: join(tmpdir(), "lorica-crash-cache") },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 20_000,
  });
  let output = "";
  for (const stream of [started.stdout, started.stderr])
    stream.on("data", (data: Buffer) => (output += data.toString()));
  const [exitCode, signal] = (await once(started, "close")) as [number | null, string | null];
  if (signal === "SIGKILL") return true;
  assert.deepEqual([exitCode, output], [0, "all answered\n"]);
  return false;
}

/** After a finished run: nothing is half written, open or left over. */
async function assertWhole({ folder, spool }: World): Promise<void> {
  const path = join(folder, "lorica.sqlite");
  assert.deepEqual(checkDatabase(path), []);
  const database = new DatabaseSync(path, { readOnly: true });
  const count = (sql: string): number => Number(database.prepare(sql).get()?.["n"]);
  const none = {
    "unfinished messages": "SELECT count(*) AS n FROM inbox WHERE status <> 'done'",
    "messages without their turn": "SELECT count(*) AS n FROM inbox WHERE turn_id NOT IN (SELECT id FROM turns)",
    "unfinished turns": "SELECT count(*) AS n FROM turns WHERE status <> 'done'",
    "taken lanes": "SELECT count(*) AS n FROM lanes",
    "windows with gaps": `SELECT count(*) AS n FROM windows w WHERE entry_count <> (SELECT count(*) FROM steps s
      WHERE s.window_id = w.id) OR entry_count <> (SELECT max(seq) FROM steps s WHERE s.window_id = w.id)`,
    "turns without one reply": `SELECT count(*) AS n FROM turns t WHERE 1 <> (SELECT count(*) FROM outbox o
      WHERE o.turn_id = t.id)`,
    "open replies": "SELECT count(*) AS n FROM outbox WHERE status IN ('pending', 'sending')",
  };
  const found = Object.entries(none).map(([what, sql]) => [what, count(sql)]);
  assert.deepEqual(
    found,
    Object.keys(none).map((what) => [what, 0]),
  );
  assert.equal(count("SELECT count(*) AS n FROM inbox"), spool.length);
  const windows = database.prepare("SELECT id FROM windows").all();
  database.close();
  const store = await openWorldStore(folder);
  for (const { id } of windows) {
    const bodies = (await store.transcript.read(String(id))).map(({ body }) => body);
    const called = bodies.flatMap((body) => (body.kind === "tool_call" ? [body.callId] : []));
    const answered = bodies.flatMap((body) => (body.kind === "tool_result" ? [body.callId] : []));
    assert.deepEqual(answered.toSorted(), called.toSorted(), "each call has one result");
  }
  assert.deepEqual(await store.upkeep.check(AbortSignal.timeout(60_000)), [], "every seal opens");
  await store.close();
  assert.equal(existsSync(join(folder, "reports.log")), false, "nothing failed on the way");
}

async function openWorldStore(folder: string): Promise<Store> {
  const path = join(folder, "lorica.sqlite");
  return await openStore({ path, mediaDir: join(folder, "media"), clock: systemClock, key: testStateKey });
}

async function readWorld({ folder }: World): Promise<Found> {
  const sends = readLines(folder, "sends.jsonl") as { readonly text: string }[];
  const store = await openWorldStore(folder);
  const rows = (await store.outbox.list({ limit: 100_000 })).toReversed();
  await store.close();
  const replies = rows.map(({ text, status }) => ({ text, status }));
  return { sends: sends.map(({ text }) => text), effects: readLines(folder, "effects.jsonl") as string[], replies };
}

function readLines(folder: string, file: string): readonly unknown[] {
  const lines = readFileSync(join(folder, file), "utf8").trimEnd().split("\n");
  return lines.map((line): unknown => JSON.parse(line));
}

function tokensIn(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => text.match(/msg-\d+/g) ?? []);
}

function tokensOf(texts: readonly string[], { spool }: World, session: string): readonly string[] {
  const own = new Set(spool.filter((message) => message.session === session).map(({ token }) => token));
  return tokensIn(texts).filter((token) => own.has(token));
}

function spooled({ spool }: World, session: string): readonly string[] {
  return spool.filter((message) => message.session === session).map(({ token }) => token);
}

/** No command ran twice, and every answer that claims to know how its command ended is true. */
function assertHonest({ effects, replies }: Found): void {
  assertOnce(effects);
  const ran = new Set(effects.flatMap((effect) => tokensIn([effect])));
  for (const { text } of replies.filter((reply) => reply.text.endsWith("tool known")))
    assert.ok(ran.has(tokensIn([text])[0] ?? ""), `${text} is true`);
}

function assertOnce(lines: readonly string[]): void {
  assert.deepEqual(lines.length, new Set(lines).size, "nothing happened twice");
}

function outside(random: () => number, checkpoints: readonly string[]): Kill {
  if (random() < 0.5) return { at: "instant", afterMs: random() * 70 };
  return { at: "checkpoint", name: pick(random, checkpoints), pass: 1 + Math.trunc(random() * 3) };
}

function pick<T>(random: () => number, list: readonly T[]): T {
  const item = list[Math.trunc(random() * list.length)];
  assert.ok(item !== undefined);
  return item;
}

function openWorld(plan: World["plan"], worldSeed: number): World & AsyncDisposable {
  const folder = mkdtempSync(join(tmpdir(), "lorica-crash-"));
  return {
    folder,
    plan,
    random: seeded(worldSeed),
    spool: [],
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Mulberry32: small, seeded, and the same everywhere. */
function seeded(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
