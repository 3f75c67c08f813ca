import assert from "node:assert/strict";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { limits } from "../../src/base/limits.ts";
import { tellWaiting } from "../../src/pipeline/run/patience.ts";
import { createRuns } from "../../src/pipeline/run/runs.ts";
import { done } from "../faux/flow/runner.ts";

test("who waits for an answer that cannot be stored is told why in time; the run goes on, and who asks later gets its end", async () => {
  const reports: unknown[] = [];
  const runs = createRuns((error) => reports.push(error));
  runs.open({ runId: "r", sessionKey: "agent:main:main", agentId: "main" });
  const waiting = runs.wait("r");
  const full = new LoricaError("unavailable", "the disk is full");
  const onWait = tellWaiting(["r", "gone"], { runs, report: (_, error) => reports.push(error) });
  onWait(full, { isFirst: true, waitedMs: 0 });
  onWait(full, { isFirst: false, waitedMs: limits.storePatienceMs });
  await assert.rejects(waiting ?? Promise.resolve(), {
    code: "unavailable",
    message: "the answer cannot be stored yet: the disk is full. Your message is kept and Lorica goes on trying",
  });
  const later = runs.wait("r");
  runs.close(["r"], { turnId: "t", outcome: done("hi") });
  assert.deepEqual(await later, { runId: "r", sessionKey: "agent:main:main", turnId: "t", outcome: done("hi") });
  assert.deepEqual(reports, [full]);
});
