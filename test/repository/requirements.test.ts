// What is promised is proved or waits for something that is said: rows of steps that are built.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readCoverage } from "../../tools/requirements.ts";

const coverage = readCoverage();

test("each row of a built step is proved by a test or waits with its reason", () => {
  assert.ok(coverage.rows.size > 1_000, `${coverage.rows.size} rows are read`);
  assert.deepEqual(coverage.missing, []);
});

test("no id is proved and said to wait, and none is named that the matrix does not have", () => {
  assert.deepEqual({ both: coverage.both, unknown: coverage.unknown }, { both: [], unknown: [] });
});

test("each reason says which step brings the rest, or what is not there yet", () => {
  const vague = [...coverage.later].filter(
    ([, why]) => why.length < 12 || why.length > 220 || /\b(todo|tbd)\b/i.test(why),
  );
  assert.deepEqual(vague, []);
});
