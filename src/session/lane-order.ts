// Who goes next in a lane, and when a lane has no room: rules without state, over the places of one lane.
import { assert } from "../base/errors.ts";
import type { LaneBounds, LaneJob } from "./lane.ts";

/** A place is taken before its message is stored; until then it is empty and nothing behind it may pass. */
export type Place<T> = { job: LaneJob<T> | undefined };

type Running<T> = { readonly jobs: LaneJob<T>[]; readonly abort: AbortController };

export type Lane<T> = {
  readonly key: string;
  readonly waiting: Place<T>[];
  running: Running<T> | undefined;
  /** What a restart found running; it goes first. */
  resumed: Running<T> | undefined;
  /** Since when it could run but has no slot. */
  readySince: number | undefined;
};

/**
 * What the next turn answers. A followup has a turn to itself; collected and steering messages share one with their
 * like; an interrupting message takes all that waited before it along, so that nothing is lost or overtaken.
 */
export function takeNext<T>(waiting: Place<T>[]): readonly LaneJob<T>[] {
  const first = waiting[0]?.job;
  assert(first !== undefined, "a lane that starts has a message");
  const mergeable = (place: Place<T>): boolean => place.job?.mergeKey === first.mergeKey;
  const alike = leading(waiting, mergeable);
  const interrupting = alike.findLastIndex((place) => place.job?.mode === "interrupt");
  if (interrupting > 0) return jobsOf(waiting.splice(0, interrupting + 1));
  const merges = first.mode === "collect" || first.mode === "steer";
  const count = merges ? leading(alike, (place) => place.job?.mode === first.mode).length : 1;
  return jobsOf(waiting.splice(0, count));
}

/** Steering messages at the head of the lane that may join the running turn. Nothing overtakes what waits before it. */
export function takeSteering<T>(waiting: Place<T>[], mergeKey: string | undefined): readonly LaneJob<T>[] {
  const joins = (place: Place<T>): boolean => place.job?.mode === "steer" && place.job.mergeKey === mergeKey;
  return jobsOf(waiting.splice(0, leading(waiting, joins).length));
}

function leading<T>(list: readonly T[], holds: (item: T) => boolean): readonly T[] {
  const end = list.findIndex((item) => !holds(item));
  return end < 0 ? list : list.slice(0, end);
}

function jobsOf<T>(places: readonly Place<T>[]): readonly LaneJob<T>[] {
  return places.flatMap(({ job }) => (job === undefined ? [] : [job]));
}

export function runsOf<T>(lane: Lane<T>): readonly string[] {
  const running = (lane.running ?? lane.resumed)?.jobs ?? [];
  return [...running, ...jobsOf(lane.waiting)].map((job) => job.runId);
}

export type Load<T> = {
  readonly lane: Lane<T> | undefined;
  readonly lanes: number;
  readonly waiting: number;
  /** How long the lane that has waited longest for a slot has done so. */
  readonly slotWaitMs: number;
  readonly turnMsAverage: number;
};

export function fullness<T>(
  load: Load<T>,
  bounds: LaneBounds,
): { readonly kind: "lane" | "all"; readonly text: string } | undefined {
  const { lane } = load;
  if (lane !== undefined && lane.waiting.length >= bounds.laneDepthMax)
    return { kind: "lane", text: `this session already has ${bounds.laneDepthMax} messages waiting; try again later` };
  if (lane === undefined && load.lanes >= bounds.lanesMax)
    return { kind: "all", text: `${bounds.lanesMax} sessions are busy, which is the limit; try again later` };
  if (load.waiting >= bounds.turnsWaitingMax)
    return { kind: "all", text: `${bounds.turnsWaitingMax} messages are waiting, which is the limit; try again later` };
  if (load.slotWaitMs > bounds.turnStartWaitMs)
    return { kind: "all", text: "messages have been waiting too long for their turn; try again later" };
  return undefined;
}
