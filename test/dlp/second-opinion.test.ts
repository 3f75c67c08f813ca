// The maintained rules, asked beside ours.
import assert from "node:assert/strict";
import { test } from "node:test";
import { askSecondOpinion } from "../../src/dlp/find/second-opinion.ts";

test("the maintained rules name what they know, where it is, and nothing in ordinary text", async () => {
  const key = `ghp_${"a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"}`;
  assert.deepEqual(await askSecondOpinion(`a ${key} b`), [{ rule: "secretlint.github", start: 2, end: 42 }]);
  assert.deepEqual(await askSecondOpinion("nothing of the kind, only 550e8400-e29b-41d4-a716-446655440000"), []);
});
