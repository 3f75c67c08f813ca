import assert from "node:assert/strict";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import type { QueueMode } from "../../src/base/envelope.ts";
import { createLanes } from "../../src/session/session.ts";
import type { LaneBounds, LaneJob, LaneTurn } from "../../src/session/session.ts";
import { createTestClock } from "../faux/clock.ts";

type Job = LaneJob<string>;

function jobOf(runId: string, mode: QueueMode = "followup", change: Partial<Job> = {}): Job {
  return { runId, sessionKey: "s", mode, principalId: "owner", mergeKey: "owner", payload: runId, ...change };
}

/** Lanes whose turns end when the test says so. */
function openLanes(bounds: Partial<LaneBounds> = {}) {
  const clock = createTestClock();
  const started: { turn: LaneTurn<string>; end: () => void }[] = [];
  const lanes = createLanes<string>({
    clock,
    bounds: () => bounds,
    run(turn) {
      const { promise, resolve } = Promise.withResolvers<void>();
      started.push({ turn, end: resolve });
      return promise;
    },
  });
  const add = (job: Job): void => lanes.reserve(job.sessionKey).enqueue(job);
  const runs = () => started.map(({ turn }) => turn.jobs.map((job) => job.runId));
  const end = async (index: number): Promise<void> => {
    started[index]?.end();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { lanes, clock, started, add, runs, end };
}

const overloaded = (error: unknown): boolean =>
  error instanceof LoricaError && error.code === "overloaded" && (error.retryAfterMs ?? 0) >= 1_000;

test("a lane runs one turn at a time, in the order the messages came", async () => {
  const { add, runs, end, lanes } = openLanes();
  for (const id of ["a", "b", "c"]) add(jobOf(id));
  assert.deepEqual(runs(), [["a"]]);
  assert.deepEqual(lanes.active(), new Map([["s", ["a", "b", "c"]]]));
  await end(0);
  await end(1);
  assert.deepEqual(runs(), [["a"], ["b"], ["c"]]);
  await end(2);
  assert.deepEqual(lanes.active(), new Map(), "nothing is kept of a lane that has nothing to do");
});

test("sessions do not wait for each other", () => {
  const { add, runs } = openLanes();
  add(jobOf("a"));
  add(jobOf("b", "followup", { sessionKey: "t" }));
  assert.deepEqual(runs(), [["a"], ["b"]]);
});

test("a place is kept for a message that is still being stored", () => {
  const { lanes, add, runs } = openLanes();
  const first = lanes.reserve("s");
  add(jobOf("second"));
  assert.deepEqual(runs(), []);
  first.enqueue(jobOf("first"));
  assert.deepEqual(runs(), [["first"]]);
});

test("a place that is given back does not stop those behind it", () => {
  const { lanes, add, runs } = openLanes();
  const first = lanes.reserve("s");
  add(jobOf("second"));
  first.release();
  assert.deepEqual(runs(), [["second"]]);
});

test("steer: a message joins the running turn at its next step", () => {
  const { add, started } = openLanes();
  add(jobOf("a"));
  add(jobOf("b", "steer"));
  add(jobOf("c", "steer"));
  assert.deepEqual(
    started[0]?.turn.takeJoined().map((job) => job.runId),
    ["b", "c"],
  );
  assert.deepEqual(started[0]?.turn.takeJoined(), []);
});

test("steer: what came too late for a turn gets the next one", async () => {
  const { add, runs, end } = openLanes();
  add(jobOf("a"));
  add(jobOf("b", "steer"));
  add(jobOf("c", "steer"));
  await end(0);
  assert.deepEqual(runs(), [["a"], ["b", "c"]]);
});

test("steer: another principal's message never joins, and nothing overtakes it", () => {
  const { add, started } = openLanes();
  add(jobOf("a"));
  add(jobOf("b", "steer", { mergeKey: "bob", principalId: "bob" }));
  add(jobOf("c", "steer"));
  assert.deepEqual(started[0]?.turn.takeJoined(), []);
});

test("collect: all that waited become one turn", async () => {
  const { add, runs, end } = openLanes();
  add(jobOf("a", "collect"));
  add(jobOf("b", "collect"));
  add(jobOf("c", "collect"));
  add(jobOf("d", "collect", { mergeKey: "bob" }));
  await end(0);
  await end(1);
  assert.deepEqual(runs(), [["a"], ["b", "c"], ["d"]]);
});

test("interrupt: the running turn is cancelled, and what waited goes along", async () => {
  const { add, runs, end, started } = openLanes();
  add(jobOf("a"));
  add(jobOf("b"));
  assert.equal(started[0]?.turn.signal.aborted, false);
  add(jobOf("c", "interrupt"));
  assert.equal(started[0]?.turn.signal.aborted, true);
  assert.deepEqual(runs(), [["a"]], "the lane is free only once the turn has ended");
  await end(0);
  assert.deepEqual(runs(), [["a"], ["b", "c"]]);
});

test("interrupt: nobody ends another principal's turn", () => {
  const { add, started } = openLanes();
  add(jobOf("a"));
  add(jobOf("b", "interrupt", { principalId: "bob", mergeKey: "bob" }));
  assert.equal(started[0]?.turn.signal.aborted, false);
});

test("a full lane refuses at once and says when to come back", async () => {
  const { add, end } = openLanes({ laneDepthMax: 2 });
  for (const id of ["a", "b", "c"]) add(jobOf(id));
  assert.throws(() => add(jobOf("d")), overloaded);
  await end(0);
  add(jobOf("e"));
});

test("GW-042 lanes, waiting messages and running turns are bounded over all sessions", async () => {
  const { add, runs, end } = openLanes({ lanesMax: 3, turnsWaitingMax: 2, turnsConcurrentMax: 1 });
  add(jobOf("a", "followup", { sessionKey: "1" }));
  add(jobOf("b", "followup", { sessionKey: "2" }));
  assert.deepEqual(runs(), [["a"]], "one slot, one turn");
  add(jobOf("c", "followup", { sessionKey: "3" }));
  assert.throws(() => add(jobOf("d", "followup", { sessionKey: "4" })), overloaded, "no lane left");
  assert.throws(() => add(jobOf("e", "followup", { sessionKey: "1" })), overloaded, "no place left");
  await end(0);
  assert.deepEqual(runs(), [["a"], ["b"]], "who became ready first runs first");
});

test("where turns wait too long for a slot, new messages are refused instead of queued", () => {
  const { add, clock } = openLanes({ turnsConcurrentMax: 1, turnStartWaitMs: 30_000 });
  add(jobOf("a", "followup", { sessionKey: "1" }));
  add(jobOf("b", "followup", { sessionKey: "2" }));
  clock.advance(30_000);
  add(jobOf("c", "followup", { sessionKey: "3" }));
  clock.advance(1);
  assert.throws(() => add(jobOf("d", "followup", { sessionKey: "4" })), overloaded);
});

test("a waiting run is taken out, a running one is told and keeps its lane until it has ended", async () => {
  const { lanes, add, runs, end, started } = openLanes();
  for (const id of ["a", "b", "c"]) add(jobOf(id));
  assert.deepEqual(lanes.abort("b"), { kind: "waiting", runIds: ["b"] });
  assert.deepEqual(lanes.abort("a"), { kind: "running", runIds: ["a"] });
  assert.equal(lanes.abort("nobody"), undefined);
  assert.equal(started[0]?.turn.signal.aborted, true);
  assert.deepEqual(runs(), [["a"]]);
  await end(0);
  assert.deepEqual(runs(), [["a"], ["c"]]);
});

test("a turn that fails frees its lane", async () => {
  const runs: string[] = [];
  const lanes = createLanes<string>({
    clock: createTestClock(),
    async run(turn) {
      runs.push(...turn.jobs.map((job) => job.runId));
      await Promise.reject(new Error("broken"));
    },
  });
  for (const id of ["a", "b"]) lanes.reserve("s").enqueue(jobOf(id));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(runs, ["a", "b"]);
});

test("draining starts nothing more and waits for what runs", async () => {
  const { lanes, add, runs, end } = openLanes();
  add(jobOf("a"));
  add(jobOf("b"));
  let drained = false;
  const drain = lanes.drain().then(() => (drained = true));
  await end(1);
  assert.equal(drained, false);
  await end(0);
  await drain;
  assert.deepEqual(runs(), [["a"]]);
});

test("a resumed turn goes before what waits, and what was accepted before has a place, room or not", async () => {
  const { lanes, runs, end } = openLanes({ laneDepthMax: 1, turnsWaitingMax: 1, turnsConcurrentMax: 1 });
  lanes.resume([jobOf("old", "followup")]);
  for (const id of ["b", "c"]) lanes.restore(jobOf(id));
  assert.deepEqual(runs(), [["old"]]);
  await end(0);
  await end(1);
  assert.deepEqual(runs(), [["old"], ["b"], ["c"]]);
});

test("a resumed turn that has no slot yet can be given up: it is told so when it starts", async () => {
  const { lanes, started, end } = openLanes({ turnsConcurrentMax: 1 });
  lanes.resume([jobOf("first")]);
  lanes.resume([jobOf("second", "followup", { sessionKey: "t" })]);
  assert.deepEqual(lanes.abort("second"), { kind: "running", runIds: ["second"] });
  await end(0);
  assert.deepEqual(
    started.map(({ turn }) => [turn.sessionKey, turn.signal.aborted]),
    [
      ["s", false],
      ["t", true],
    ],
  );
});
