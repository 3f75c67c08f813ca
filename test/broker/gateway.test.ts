// What the gateway process prints, as the broker reads it.
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { readLines } from "../../src/broker/gateway/lines.ts";

async function linesOf(chunks: readonly (string | Buffer)[], now = { ms: 0 }): Promise<readonly string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  readLines(stream, { now: () => now.ms }, (line) => lines.push(line));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await new Promise((ended) => stream.on("close", ended));
  return lines;
}

test("lines are cut where they end, characters that fall between two pieces stay whole", async () => {
  const euro = Buffer.from("€");
  assert.deepEqual(await linesOf(["one\ntw", "o\n\n", euro.subarray(0, 1), euro.subarray(1), "\nlast"]), [
    "one",
    "two",
    "€",
    "last",
  ]);
});

test("a line without an end is passed on in bounded pieces", async () => {
  const lines = await linesOf(Array.from({ length: 40 }, () => "x".repeat(10_000)));
  assert.equal(lines.join("").length, 400_000);
  assert.ok(lines.every((line) => line.length <= limits.logLineMaxBytes + 10_000));
});

test("more lines in a second than a log can use are counted and left out", async () => {
  const now = { ms: 0 };
  const stream = new PassThrough();
  const lines: string[] = [];
  readLines(stream, { now: () => now.ms }, (line) => lines.push(line));
  stream.write("a\n".repeat(limits.logLinesPerSecondMax + 5));
  await new Promise((turn) => setImmediate(turn));
  now.ms = 1_500;
  stream.write("b\n");
  await new Promise((turn) => setImmediate(turn));
  assert.equal(lines.length, limits.logLinesPerSecondMax + 2);
  assert.deepEqual(lines.slice(-2), ["5 lines were left out: too many in one second", "b"]);
});
