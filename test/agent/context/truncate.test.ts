import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { truncateMiddle } from "../../../src/agent/truncate.ts";

test("AG-005 AG-018 a cut text is never longer than its bound, keeps its head and its tail, and splits no character", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 400 }),
    fc.string({ unit: fc.constantFrom("😀", "a"), maxLength: 400 }),
  );
  fc.assert(
    fc.property(text, fc.nat({ max: 300 }), (whole, max) => {
      const cut = truncateMiddle(whole, max);
      assert.equal(cut.length <= Math.max(max, 0) || whole.length <= max, true);
      assert.equal(cut.isWellFormed() || !whole.isWellFormed(), true);
      if (whole.length <= max) assert.equal(cut, whole);
      else assert.equal(whole.startsWith(cut.split("\n[… ")[0] ?? ""), true);
    }),
    { numRuns: 2_000 },
  );
});
