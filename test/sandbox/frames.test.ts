import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createFrameReader, encodeFrame, FrameError, packFrame, parseHead } from "../../src/sandbox/cell/frames.ts";
import type { Frame } from "../../src/sandbox/cell/frames.ts";

const bounds = { headMaxBytes: 1_000, bodyMaxBytes: 10_000 };

test("frames arrive whole, however the stream is cut", () => {
  const frame = fc.record({
    lane: fc.constantFrom("control" as const, "file" as const),
    head: fc.dictionary(fc.string({ maxLength: 10 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 }),
    body: fc.uint8Array({ maxLength: 200 }),
  });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 5 }), fc.array(fc.nat(50), { maxLength: 100 }), (frames, cuts) => {
      const stream = Buffer.concat(frames.map(({ lane, head, body }) => encodeFrame(lane, head, body)));
      const reader = createFrameReader({ headMaxBytes: 10_000, bodyMaxBytes: 10_000 });
      const seen: Frame[] = [];
      let at = 0;
      for (const cut of [...cuts, stream.length]) {
        seen.push(...reader.push(stream.subarray(at, at + cut)));
        at += cut;
      }
      assert.deepEqual(
        seen.map((one) => ({ lane: one.lane, head: JSON.stringify(parseHead(one)), body: [...one.body] })),
        frames.map((one) => ({ lane: one.lane, head: JSON.stringify(one.head), body: [...one.body] })),
      );
    }),
  );
});

test("a frame passes through packing unchanged", () => {
  const original = encodeFrame("file", { call: 1 }, Buffer.from("body"));
  const [frame] = createFrameReader(bounds).push(original);
  assert.ok(frame);
  assert.deepEqual(packFrame(frame), original);
});

test("lengths are refused before anything of the frame is kept, and the stream is finished", () => {
  const oversizeBody = Buffer.from([0, 0, 0, 2, 0, 0, 0x27, 0x11]);
  const oversizeHead = Buffer.from([0, 0, 0x03, 0xe9, 0, 0, 0, 0]);
  const unknownLane = Buffer.from([2, 0, 0, 2, 0, 0, 0, 0]);
  for (const prefix of [oversizeBody, oversizeHead, unknownLane]) {
    const reader = createFrameReader(bounds);
    assert.throws(() => reader.push(prefix), FrameError);
    assert.throws(() => reader.push(encodeFrame("control", {})), FrameError);
  }
});

test("no bytes make the reader do anything but answer frames or a FrameError", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 10 }), (chunks) => {
      const reader = createFrameReader(bounds);
      try {
        for (const chunk of chunks) for (const frame of reader.push(Buffer.from(chunk))) parseHead(frame);
      } catch (error) {
        assert.ok(error instanceof FrameError, String(error));
      }
    }),
  );
});
