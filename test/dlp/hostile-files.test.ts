// Files that are made to be slow to read. Whoever may send one must not hold up the process that reads it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, deflateRawSync, deflateSync } from "node:zlib";
import { drawnTexts } from "../../src/dlp/files/drawn-texts.ts";
import { readTexts } from "../../src/dlp/files/read-texts.ts";

const { signal } = new AbortController();

test("ADV-022 beginnings of strings that never end are not each read to their bound", async () => {
  // Read so, a sixteenth of this took half a minute, and nothing else was done meanwhile.
  const file = Buffer.from(`%PDF-1.4 (before) Tj (${"\\(".repeat(524_288)}`);
  const { texts } = await readTexts(file, signal);
  assert.ok(texts.some((text) => text.includes("before")));
  const deep = `BT (before) Tj ${"(".repeat(1_048_576)} (after) Tj ET`;
  assert.match(drawnTexts(deep)[0] ?? "", /before/);
});

test("the words of a page are found whole behind beginnings that never end", () => {
  const odd = `(${"x".repeat(40_000)}`;
  assert.match(drawnTexts(`BT [(pass) 3 (word)] TJ ET`)[0] ?? "", /password/);
  assert.match(drawnTexts(`BT ${"(".repeat(200)} ET BT [(pass) 3 (word)] TJ ET`)[0] ?? "", /password/);
  assert.match(drawnTexts(`${odd} BT [(pass) 3 (word)] TJ ET`)[0] ?? "", /password/);
});

/** As many members over the same bytes as fit before them. */
function overlapping(members: number, packed: Buffer): Buffer {
  const heads = Array.from({ length: members }, (_, at) => {
    const head = Buffer.alloc(30);
    head.write("PK\x03\x04", 0, "latin1");
    head.writeUInt16LE(8, 8);
    head.writeUInt16LE((members - 1 - at) * head.length, 28);
    return head;
  });
  return Buffer.concat([...heads, packed]);
}

test("ADV-022 what is unpacked counts also where it breaks off, so that a thousand members over the same bytes are not", async () => {
  const begun = deflateRawSync(Buffer.alloc(30_000_000), { finishFlush: constants.Z_SYNC_FLUSH });
  const broken = overlapping(900, Buffer.concat([begun, Buffer.from([7, 7, 7, 7])]));
  assert.equal((await readTexts(broken, signal)).unread, "there is too much in it");
  // The control: what is whole and small is read, and what only looks like a member costs nothing.
  const whole = await readTexts(overlapping(3, deflateRawSync("the words of a member")), signal);
  assert.ok(whole.texts.includes("the words of a member"));
  assert.equal(whole.unread, undefined);
  assert.equal((await readTexts(overlapping(900, Buffer.from([7, 7, 7, 7])), signal)).unread, undefined);
});

test("ADV-022 what only says that a stream of a PDF begins is not searched back from again and again", async () => {
  // Each look back of two thousand letters: six megabytes of it took six seconds in one go.
  const page = Buffer.concat([
    Buffer.from("1 0 obj << /Filter /FlateDecode >> stream\n"),
    deflateSync("BT (the words of a page) Tj ET"),
  ]);
  const file = Buffer.concat([Buffer.from("%PDF-1.4 "), Buffer.from("stream".repeat(1_000_000)), page]);
  const { texts } = await readTexts(file, signal);
  assert.ok(texts.some((text) => text.includes("the words of a page")));
});
