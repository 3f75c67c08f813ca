import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { openStartBook } from "../../src/watchdog/watchdog.ts";
import { createTestClock } from "../faux/clock.ts";

function setUp(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "lorica-starts-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "starts.json");
  const clock = createTestClock(1_000_000_000);
  return { path, clock, open: () => openStartBook({ path, version: "1.0.0", clock }) };
}

test("WD-012 starts that neither lived nor ended in order are counted, for the same config and not for ever", async (context) => {
  const { open, clock } = setUp(context);
  const begin = async (config: string) => {
    const { failures, good } = await open().begin(config);
    return [failures, good];
  };
  const first = open();
  assert.deepEqual(await first.begin("a"), { before: undefined, failures: 0, good: null, times: [] });
  await first.lived();
  // Killed after it has lived: no failed start.
  assert.deepEqual(await begin("a"), [0, "a"]);
  assert.deepEqual(await begin("b"), [0, "a"]);
  assert.deepEqual(await begin("b"), [1, "a"]);
  await open().failed("b");
  assert.deepEqual((await open().look("b")).failures, 3);
  assert.deepEqual((await open().look("c")).failures, 0);
  clock.advance(limits.startFailuresWindowMs);
  assert.deepEqual(await begin("b"), [1, "a"]);
});

test("a start that is stopped in order has not failed, and a config that comes meanwhile begins anew", async (context) => {
  const { open } = setUp(context);
  await open().begin("a");
  const second = open();
  assert.equal((await second.begin("a")).failures, 1);
  await second.ended();
  assert.equal((await open().look("a")).failures, 1);
  const third = open();
  await third.begin("a");
  await third.lived();
  await third.changed("b");
  const { before, failures, good } = await open().look("b");
  assert.deepEqual([before?.state, failures, good], ["starting", 1, "a"]);
});

test("where the book is damaged nothing is known", async (context) => {
  const { open, path } = setUp(context);
  for (const text of [
    "",
    "{}",
    '{"version":1}',
    "[",
    JSON.stringify({ version: "1", config: "a", state: "good", failures: ["x"], good: null }),
  ]) {
    writeFileSync(path, text);
    assert.deepEqual(await open().look("a"), { before: undefined, failures: 0, good: null, times: [] });
  }
});
