// Step 5: each session has a lane, a lane runs one turn at a time in the order its messages came, and all lanes
// together run a bounded number. Who finds no room is told so at once, and when to come back.
import type { Clock } from "../base/clock.ts";
import type { QueueMode } from "../base/envelope.ts";
import { assert, LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { fullness, runsOf } from "./lane-order.ts";
import type { Lane, Load, Place } from "./lane-order.ts";
import { createScheduler } from "./lane-scheduler.ts";

export type LaneJob<T> = {
  readonly runId: string;
  readonly sessionKey: string;
  readonly mode: QueueMode;
  /** Only messages of the same principal end each other's turns. */
  readonly principalId: string;
  /** Only jobs with the same key may share a turn: same principal, same reply address, same wishes. */
  readonly mergeKey: string;
  readonly payload: T;
};

/** One turn as its runner sees it. */
export type LaneTurn<T> = {
  readonly sessionKey: string;
  /** The messages it answers, oldest first; at least one. */
  readonly jobs: readonly LaneJob<T>[];
  readonly signal: AbortSignal;
  /** Takes the messages that joined since, which from then on belong to this turn. */
  takeJoined(): readonly LaneJob<T>[];
};

export type Lanes<T> = {
  /**
   * Holds a place for a message that is not stored yet. Throws `overloaded` where there is no room. Places are served
   * in the order they were taken, whichever message is stored first.
   */
  reserve(sessionKey: string): Seat<T>;
  /** A place for what was accepted by an earlier process: it has a right to one, room or not. */
  restore(job: LaneJob<T>): void;
  /** Takes up a turn that an earlier process began, before anything else in its lane. */
  resume(jobs: readonly [LaneJob<T>, ...LaneJob<T>[]]): void;
  /** Gives up one run; a running turn is told through its signal and keeps its lane until it has ended. */
  abort(runId: string): { readonly kind: "waiting" | "running"; readonly runIds: readonly string[] } | undefined;
  /** Runs by session, the running ones first. */
  active(): ReadonlyMap<string, readonly string[]>;
  /** Starts nothing more; resolves once nothing runs. */
  drain(): Promise<void>;
  /** Ends every running turn with `reason`. */
  abortAll(reason: unknown): void;
};

export type Seat<T> = { enqueue(job: LaneJob<T>): void; release(): void };

export type LaneBounds = {
  readonly laneDepthMax: number;
  readonly lanesMax: number;
  readonly turnsConcurrentMax: number;
  readonly turnsWaitingMax: number;
  readonly turnStartWaitMs: number;
};

export type LaneOptions<T> = {
  /** Answers for its own failures: whatever it does, the lane goes on when it ends. */
  readonly run: (turn: LaneTurn<T>) => Promise<void>;
  readonly clock: Clock;
  /** Read at each message, so that a changed setting counts from the next one on. */
  readonly bounds?: () => Partial<LaneBounds>;
};

export function createLanes<T>(options: LaneOptions<T>): Lanes<T> {
  const bounds = (): LaneBounds => ({ ...limits, ...options.bounds?.() });
  const scheduler = createScheduler({ run: options.run, clock: options.clock, bounds });
  const { lanes } = scheduler;
  return {
    reserve(sessionKey) {
      refuseWhenFull(scheduler.load(sessionKey), bounds());
      const lane = scheduler.laneOf(sessionKey);
      const place = scheduler.add(lane);
      return {
        enqueue: (job) => scheduler.fill(lane, place, job),
        release: () => scheduler.remove(lane, place),
      };
    },
    restore(job) {
      const lane = scheduler.laneOf(job.sessionKey);
      scheduler.fill(lane, scheduler.add(lane), job);
    },
    resume(jobs) {
      const lane = scheduler.laneOf(jobs[0].sessionKey);
      assert(lane.running === undefined && lane.resumed === undefined, "a session resumes one turn");
      lane.resumed = { jobs: [...jobs], abort: new AbortController() };
      scheduler.advance(lane);
    },
    abort(runId) {
      for (const lane of lanes.values()) {
        const aborted = abortIn(lane, runId, (place) => scheduler.remove(lane, place));
        if (aborted !== undefined) return aborted;
      }
      return undefined;
    },
    active: () => new Map([...lanes].map(([key, lane]) => [key, runsOf(lane)])),
    drain: () => scheduler.drain(),
    abortAll(reason) {
      for (const lane of lanes.values()) lane.running?.abort.abort(reason);
    },
  };
}

function abortIn<T>(lane: Lane<T>, runId: string, remove: (place: Place<T>) => void): ReturnType<Lanes<T>["abort"]> {
  // A turn that was taken up again and waits for a slot is running as far as the store knows: it ends when it starts.
  const running = lane.running ?? lane.resumed;
  if (running?.jobs.some((job) => job.runId === runId) === true) {
    running.abort.abort(new LoricaError("cancelled", "cancelled"));
    return { kind: "running", runIds: running.jobs.map((job) => job.runId) };
  }
  const place = lane.waiting.find((each) => each.job?.runId === runId);
  if (place === undefined) return undefined;
  remove(place);
  return { kind: "waiting", runIds: [runId] };
}

function refuseWhenFull<T>(load: Load<T>, bounds: LaneBounds): void {
  const full = fullness(load, bounds);
  if (full === undefined) return;
  const ahead = full.kind === "lane" ? (load.lane?.waiting.length ?? 0) : load.waiting / bounds.turnsConcurrentMax;
  const retryAfterMs = Math.round(Math.min(60_000, Math.max(1_000, load.turnMsAverage * (ahead + 1))));
  throw new LoricaError("overloaded", full.text, { retryAfterMs });
}
