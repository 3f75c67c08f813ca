import assert from "node:assert/strict";
import { test } from "node:test";
import { createLowering } from "../../src/assembly/broker/cells.ts";

test("MIS-002 what is lowered goes up by itself, and whoever starts anew begins with it up", () => {
  let now = 1_000;
  let ended = 0;
  const lowering = createLowering({ now: () => now }, () => (ended += 1));
  assert.deepEqual([lowering.isLowered(), lowering.until()], [false, undefined]);
  lowering.set(60_000);
  assert.deepEqual([lowering.isLowered(), lowering.until()], [true, 61_000]);
  now = 60_999;
  assert.equal(lowering.isLowered(), true);
  now = 61_000;
  assert.deepEqual([lowering.isLowered(), lowering.until()], [false, undefined]);
  lowering.set(60_000);
  lowering.set(0);
  assert.deepEqual([lowering.isLowered(), ended], [false, 1]);
  assert.equal(createLowering({ now: () => now }, () => undefined).isLowered(), false);
});
