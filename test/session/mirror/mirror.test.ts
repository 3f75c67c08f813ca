import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createMirror } from "../../../src/session/session.ts";
import type { MirrorBounds, MirrorOptions } from "../../../src/session/session.ts";
import { createTestClock } from "../../faux/clock.ts";
import { beginTurn, mainKey, openTestStore, ownerLabel } from "../../faux/store.ts";

const day = 86_400_000;
const wide: MirrorBounds = { bytesMax: 1e6, spanMsMax: 1e12, totalBytesMax: 1e9 };

const plain: Pick<MirrorOptions, "redact" | "screen"> = {
  redact: (text) => text,
  screen: async (bodies) => bodies,
};

async function setUp(change: Partial<MirrorOptions> = {}) {
  const clock = createTestClock(100 * day);
  const opened = await openTestStore(clock);
  const agentsDir = join(opened.folder, "agents");
  const options = { agentsDir, bounds: () => wide, isLow: () => false, ...plain, ...change };
  const report = (error: unknown): never => assert.fail(String(error));
  const mirror = createMirror(opened.store, { ...options, report });
  const { turn, session } = await beginTurn(mirror.store);
  const { windowId } = session;
  const note = (text: string) =>
    mirror.store.transcript.append([{ windowId, turnId: turn.id, label: ownerLabel, body: { kind: "note", text } }]);
  const folder = join(agentsDir, "main", "sessions");
  const texts = (name: string): readonly string[] =>
    readFileSync(join(folder, name), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; lorica: { body?: { text: string } } })
      .map(({ type, lorica }) => lorica.body?.text ?? type);
  const pieces = (): Record<string, readonly string[]> =>
    Object.fromEntries(
      readdirSync(folder)
        .filter((name) => name.startsWith(windowId))
        .map((name) => [name.slice(windowId.length), texts(name)]),
    );
  return { clock, opened, agentsDir, options, report, mirror, windowId, note, folder, pieces };
}

test("a mirrored transcript is cut into pieces by bytes, and written anew in the same pieces", async () => {
  const { opened, options, report, mirror, windowId, note, pieces } = await setUp({
    bounds: () => ({ ...wide, bytesMax: 5_500 }),
  });
  await using _ = opened;
  const long = ["a", "b", "c"].map((letter) => letter.repeat(1_500));
  for (const text of long) await note(text);
  await mirror.flush();
  const expected = {
    ".1.jsonl": ["session", "hello", long[0]],
    ".2.jsonl": ["session", long[1]],
    ".jsonl": ["session", long[2]],
  };
  assert.deepEqual(pieces(), expected);

  // Another process knows nothing of what is in the files.
  const next = createMirror(opened.store, { ...options, report });
  const [entry] = await opened.store.transcript.read(windowId);
  const body = { kind: "note", text: "d" } as const;
  await next.store.transcript.append([{ windowId, turnId: entry?.turnId ?? "", label: ownerLabel, body }]);
  await next.flush();
  assert.deepEqual(pieces(), { ...expected, ".jsonl": ["session", long[2], "d"] });
});

test("a mirrored transcript is cut by days", async () => {
  const { opened, clock, mirror, note, pieces } = await setUp({ bounds: () => ({ ...wide, spanMsMax: 7 * day }) });
  await using _ = opened;
  await note("one");
  clock.advance(6 * day);
  await note("two");
  clock.advance(2 * day);
  await note("three");
  await mirror.flush();
  assert.deepEqual(pieces(), { ".1.jsonl": ["session", "hello", "one", "two"], ".jsonl": ["session", "three"] });
});

test("GAP-052 mirrored transcripts stay within their bytes: the oldest piece goes, never the one that grows", async () => {
  const bounds = { ...wide, bytesMax: 5_500 };
  const { opened, mirror, note, folder, windowId, pieces } = await setUp({ bounds: () => bounds });
  await using _ = opened;
  for (const letter of ["a", "b", "c", "d"]) await note(letter.repeat(1_500));
  await mirror.flush();
  for (const [index, name] of [".jsonl", ".1.jsonl", ".2.jsonl", ".3.jsonl"].entries())
    utimesSync(join(folder, windowId + name), index, index);
  await mirror.trim();
  assert.deepEqual(Object.keys(pieces()).length, 4);
  bounds.totalBytesMax = 8_500;
  await mirror.trim();
  assert.deepEqual(Object.keys(pieces()), [".3.jsonl", ".jsonl"]);
  bounds.totalBytesMax = 0;
  await mirror.trim();
  assert.deepEqual(Object.keys(pieces()), [".jsonl"]);
});

test("the copy of a deleted conversation goes, and transcripts of another program stay", async () => {
  const { opened, mirror, note, folder, agentsDir, pieces } = await setUp();
  await using _ = opened;
  await note("private");
  await mirror.flush();
  const foreign = `${"0".repeat(8)}-0000-4000-8000-${"0".repeat(12)}.jsonl`;
  mkdirSync(join(agentsDir, "other", "sessions"), { recursive: true });
  for (const name of ["main", "other"])
    writeFileSync(join(agentsDir, name, "sessions", foreign), '{"type":"session","version":3}\n');
  await mirror.trim();
  assert.deepEqual(pieces(), { ".jsonl": ["session", "hello", "private"] });
  const [turn] = await opened.store.turns.running();
  await opened.store.turns.finish(turn?.id ?? "", { status: "done", replies: [] });
  await opened.store.sessions.delete(mainKey);
  await mirror.trim();
  assert.deepEqual(pieces(), {});
  assert.deepEqual(readdirSync(folder).toSorted(), [foreign, "sessions.json"].toSorted());
  assert.deepEqual(readdirSync(join(agentsDir, "other", "sessions")), [foreign]);
});

test("CFG-029 on a disk that is nearly full the copy waits, and is whole again once there is room", async () => {
  const disk = { isLow: false };
  const { opened, mirror, note, pieces } = await setUp({ isLow: () => disk.isLow });
  await using _ = opened;
  await note("one");
  await mirror.flush();
  disk.isLow = true;
  await note("two");
  await mirror.flush();
  assert.deepEqual(pieces(), { ".jsonl": ["session", "hello", "one"] });
  disk.isLow = false;
  await note("three");
  await mirror.flush();
  assert.deepEqual(pieces(), { ".jsonl": ["session", "hello", "one", "two", "three"] });
});
