// Starts turns: one per lane, a bounded number over all, the lane that has waited longest first.
import type { Clock } from "../base/clock.ts";
import { assert, LoricaError } from "../base/errors.ts";
import type { LaneBounds, LaneJob, LaneTurn } from "./lane.ts";
import { takeNext, takeSteering } from "./lane-order.ts";
import type { Lane, Load, Place } from "./lane-order.ts";

export type Scheduler<T> = {
  readonly lanes: ReadonlyMap<string, Lane<T>>;
  laneOf(key: string): Lane<T>;
  load(key: string): Load<T>;
  /** An empty place at the end of the lane. */
  add(lane: Lane<T>): Place<T>;
  fill(lane: Lane<T>, place: Place<T>, job: LaneJob<T>): void;
  remove(lane: Lane<T>, place: Place<T>): void;
  /** Looks whether the lane has something to start; forgets it where it has nothing left. */
  advance(lane: Lane<T>): void;
  drain(): Promise<void>;
};

type SchedulerOptions<T> = {
  readonly run: (turn: LaneTurn<T>) => Promise<void>;
  readonly clock: Clock;
  readonly bounds: () => LaneBounds;
};

type Count = { waiting: number; running: number; turnMsAverage: number };

export function createScheduler<T>(options: SchedulerOptions<T>): Scheduler<T> {
  const { clock } = options;
  const lanes = new Map<string, Lane<T>>();
  /** Lanes that could run and have no slot, in the order in which they became ready. */
  const ready = new Set<Lane<T>>();
  const idle: (() => void)[] = [];
  const count: Count = { waiting: 0, running: 0, turnMsAverage: 1_000 };
  let draining = false;

  const advance = (lane: Lane<T>): void => {
    if (lane.running !== undefined) return;
    if (lane.resumed !== undefined || lane.waiting[0]?.job !== undefined) {
      lane.readySince ??= clock.now();
      ready.add(lane);
    } else {
      lane.readySince = undefined;
      ready.delete(lane);
      if (lane.waiting.length === 0) lanes.delete(lane.key);
    }
    startReady();
  };
  const startReady = (): void => {
    for (const lane of ready) {
      if (draining || count.running >= options.bounds().turnsConcurrentMax) return;
      ready.delete(lane);
      lane.readySince = undefined;
      void runNext(lane, { ...options, count }).then(() => {
        advance(lane);
        if (count.running === 0) for (const resolve of idle.splice(0)) resolve();
      });
    }
  };
  return {
    lanes,
    advance,
    laneOf(key) {
      const lane = lanes.get(key) ?? emptyLane<T>(key);
      lanes.set(key, lane);
      return lane;
    },
    load(key) {
      const since = ready.values().next().value?.readySince;
      const slotWaitMs = since === undefined ? 0 : clock.now() - since;
      return { ...count, lane: lanes.get(key), lanes: lanes.size, slotWaitMs };
    },
    add(lane) {
      const place: Place<T> = { job: undefined };
      lane.waiting.push(place);
      count.waiting += 1;
      return place;
    },
    fill(lane, place, job) {
      assert(place.job === undefined, "a place is filled once");
      place.job = job;
      if (job.mode === "interrupt") interrupt(lane, job);
      advance(lane);
    },
    remove(lane, place) {
      const at = lane.waiting.indexOf(place);
      assert(at >= 0, "a place in a lane is given back once");
      lane.waiting.splice(at, 1);
      count.waiting -= 1;
      advance(lane);
    },
    async drain() {
      draining = true;
      if (count.running > 0) await new Promise<void>((resolve) => idle.push(resolve));
    },
  };
}

/** Runs the next turn of a lane, and resolves once the lane is free again, however the turn ended. */
async function runNext<T>(
  lane: Lane<T>,
  { run, clock, count }: Pick<SchedulerOptions<T>, "run" | "clock"> & { readonly count: Count },
): Promise<void> {
  lane.running = lane.resumed ?? beginNext(lane, count);
  lane.resumed = undefined;
  count.running += 1;
  const startedAt = clock.now();
  await Promise.allSettled([run(turnOf(lane, count))]);
  lane.running = undefined;
  count.running -= 1;
  count.turnMsAverage += (clock.now() - startedAt - count.turnMsAverage) / 8;
}

function beginNext<T>(lane: Lane<T>, count: Count): NonNullable<Lane<T>["running"]> {
  const jobs = [...takeNext(lane.waiting)];
  count.waiting -= jobs.length;
  return { jobs, abort: new AbortController() };
}

function interrupt<T>({ running }: Lane<T>, job: LaneJob<T>): void {
  if (running?.jobs[0]?.principalId !== job.principalId) return;
  running.abort.abort(new LoricaError("cancelled", "a newer message took its place"));
}

function emptyLane<T>(key: string): Lane<T> {
  return { key, waiting: [], running: undefined, resumed: undefined, readySince: undefined };
}

function turnOf<T>(lane: Lane<T>, count: Count): LaneTurn<T> {
  const running = lane.running;
  assert(running !== undefined, "a turn runs in its lane");
  return {
    sessionKey: lane.key,
    jobs: [...running.jobs],
    signal: running.abort.signal,
    takeJoined() {
      const joined = takeSteering(lane.waiting, running.jobs[0]?.mergeKey);
      count.waiting -= joined.length;
      running.jobs.push(...joined);
      return joined;
    },
  };
}
