import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { isOver, keepOf, maintain } from "../../src/session/session.ts";
import type { MaintenanceRule } from "../../src/session/session.ts";
import type { Keep, Pruned } from "../../src/store/store.ts";
import { createTestClock } from "../faux/clock.ts";

const rule: MaintenanceRule = {
  mode: "enforce",
  pruneAfterMs: 1_000,
  sessionsMax: 5,
  bytesMax: 7_000,
  media: { keptMs: 100, bytesMax: 8, filesMax: 9 },
};
const now = 10 * limits.messagesKeptMs;
const nothing: Pruned = { sessions: 0, windows: 0, messages: 0, replies: 0, turns: 0, files: 0 };

test("RT-015 a rule says what is kept: by age, by number, and messages long enough to know a duplicate", () => {
  const messagesSince = now - limits.messagesKeptMs;
  const most = { bytesMax: 7_000, media: { since: now - 100, bytesMax: 8, filesMax: 9 } };
  assert.deepEqual(keepOf(rule, now), {
    sessionsSince: now - 1_000,
    sessionsMax: 5,
    windowsSince: now - 1_000,
    messagesSince,
    ...most,
  });
  assert.deepEqual(keepOf({ ...rule, pruneAfterMs: 0 }, now), {
    sessionsSince: 0,
    sessionsMax: 5,
    windowsSince: 0,
    messagesSince,
    ...most,
  });
  assert.ok(limits.messagesKeptMs > limits.inboundDedupeWindowMs);
});

test("RT-015 pruning goes on while batches are full, and a failure is reported", async () => {
  const asked: Keep[] = [];
  const reports: unknown[] = [];
  const ending = new AbortController();
  const answers = [{ ...nothing, messages: limits.pruneBatchMax }, nothing];
  const store = {
    async prune(keep: Keep) {
      asked.push(keep);
      const answer = answers.shift();
      if (answer === undefined) throw new Error("away");
      if (answers.length === 0) setImmediate(() => ending.abort());
      return answer;
    },
  };
  const options = {
    clock: createTestClock(now),
    rule: () => rule,
    report: (error: unknown) => void reports.push(error),
  };
  await maintain(store, options, ending.signal);
  assert.deepEqual([asked, reports], [[keepOf(rule, now), keepOf(rule, now)], []]);
  const failing = new AbortController();
  const report = (error: unknown): void => {
    reports.push(error);
    failing.abort();
  };
  await maintain(store, { ...options, report }, failing.signal);
  assert.deepEqual(reports.map(String), ["Error: away"]);
});

test("where maintenance only warns, only received files are bounded", async () => {
  assert.deepEqual(keepOf({ ...rule, mode: "warn" }, now), {
    sessionsSince: 0,
    sessionsMax: Number.MAX_SAFE_INTEGER,
    windowsSince: 0,
    messagesSince: 0,
    bytesMax: Number.MAX_SAFE_INTEGER,
    media: { since: now - 100, bytesMax: 8, filesMax: 9 },
  });
});

test("RT-015 a session is over when its rule says so, and not a moment before", () => {
  const at = (text: string): number => new Date(text).getTime();
  const idle = { mode: "idle", atHour: 4, idleMinutes: 30 } as const;
  const daily = { ...idle, mode: "daily" } as const;
  const used = at("2026-03-05T03:59:00");
  const vectors: readonly [rule: Parameters<typeof isOver>[1], moment: string, over: boolean][] = [
    [{ ...idle, mode: "none" }, "2027-01-01T00:00:00", false],
    [idle, "2026-03-05T04:28:59", false],
    [idle, "2026-03-05T04:29:00", true],
    [daily, "2026-03-05T03:59:59", false],
    [daily, "2026-03-05T04:00:00", true],
    [{ ...daily, atHour: 3 }, "2026-03-06T02:59:59", false],
    [{ ...daily, atHour: 3 }, "2026-03-06T03:00:00", true],
  ];
  for (const [each, moment, over] of vectors) assert.equal(isOver(used, each, at(moment)), over, moment);
});
