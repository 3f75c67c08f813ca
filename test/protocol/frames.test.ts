import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeFrame, parseFrame } from "../../src/protocol/frames.ts";
import { createLineReader } from "../../src/protocol/lines.ts";

const good = [
  { type: "req", id: "1", method: "health" },
  { type: "req", id: "1", method: "health", params: { probe: true }, traceparent: "00-x", expectedProfileId: "me" },
  { type: "res", id: "1", ok: true, payload: [] },
  { type: "res", id: "1", ok: false, error: { code: "INVALID_REQUEST", message: "no" } },
  { type: "event", event: "tick", payload: { ts: 1 }, seq: 0, stateVersion: { presence: 0, health: 1 } },
] as const;

const bad: readonly (readonly [text: string, reason: string])[] = [
  ["", "a frame must be one JSON object"],
  ["[]", "a frame must be one JSON object"],
  ["null", "a frame must be one JSON object"],
  ['{"type":"req","id":"1","method":"x"}}', "a frame must be one JSON object"],
  ['{"id":"1","method":"x"}', 'a frame\'s "type" must be "req", "res" or "event"'],
  ['{"type":"req","method":"x"}', '"id" is missing in a frame of type "req"'],
  ['{"type":"req","id":1,"method":"x"}', '"id" is not valid in a frame of type "req"'],
  ['{"type":"req","id":"","method":"x"}', '"id" is not valid in a frame of type "req"'],
  [`{"type":"req","id":"${"i".repeat(257)}","method":"x"}`, '"id" is not valid in a frame of type "req"'],
  ['{"type":"req","id":"1","method":"x","scope":"admin"}', 'unknown field "scope" in a frame of type "req"'],
  ['{"type":"req","id":"1","method":"x","__proto__":{}}', 'unknown field "__proto__" in a frame of type "req"'],
  ['{"type":"req","id":"1","method":"x","params?":{}}', 'unknown field "params?" in a frame of type "req"'],
  ['{"type":"res","id":"1","ok":"yes"}', '"ok" is not valid in a frame of type "res"'],
  ['{"type":"event","event":"tick","seq":-1}', '"seq" is not valid in a frame of type "event"'],
];

test("frames survive encoding and parsing unchanged", () => {
  for (const frame of good) assert.deepEqual(parseFrame(encodeFrame(frame)), { ok: true, value: frame });
});

test("a frame that is not exactly one is refused with what is wrong", () => {
  for (const [text, reason] of bad) assert.deepEqual(parseFrame(text), { ok: false, reason }, text);
});

test("no text makes the frame parser throw", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.constantFrom(...bad.map(([text]) => text))), (text) => {
      assert.equal(typeof parseFrame(text).ok, "boolean");
    }),
  );
});

test("lines come out whole however the bytes were cut", () => {
  const lines = fc.array(fc.string({ unit: "grapheme" }).map((text) => JSON.stringify(text)));
  fc.assert(
    fc.property(lines, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (wanted, sizes) => {
      const reader = createLineReader(10_000);
      const bytes = Buffer.from(wanted.map((line) => `${line}\n`).join(""));
      const seen: string[] = [];
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        for (const line of reader.push(bytes.subarray(at, at + size))) seen.push(line.ok ? line.value : line.reason);
        at += size;
      }
      assert.deepEqual(seen, wanted);
    }),
  );
});

test("a line past its bound ends the stream, and holds no more than the bound", () => {
  const reader = createLineReader(4);
  assert.deepEqual([...reader.push(Buffer.from("abcd\nabc"))], [{ ok: true, value: "abcd" }]);
  assert.deepEqual([...reader.push(Buffer.from("de"))], [{ ok: false, reason: "a frame is longer than 4 bytes" }]);
  assert.deepEqual([...reader.push(Buffer.from("f\nok\n"))], []);
});

test("bytes that are not UTF-8 end the stream", () => {
  const reader = createLineReader(100);
  const bytes = Buffer.concat([Buffer.from("ok\n"), Buffer.from([0xc3, 0x28, 0x0a]), Buffer.from("later\n")]);
  assert.deepEqual(
    [...reader.push(bytes)],
    [
      { ok: true, value: "ok" },
      { ok: false, reason: "a frame is not valid UTF-8" },
    ],
  );
});

test("a limit raised between two lines of one chunk holds for the second", () => {
  const reader = createLineReader(4);
  const seen: boolean[] = [];
  for (const line of reader.push(Buffer.from("abcd\nabcdefgh\n"))) {
    seen.push(line.ok);
    reader.limit(8);
  }
  assert.deepEqual(seen, [true, true]);
});
