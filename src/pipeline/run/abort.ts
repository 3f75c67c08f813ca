// Giving up runs. Whoever asks is told once it is in the store: after a crash the run must not come back.
import type { Lanes } from "../../session/session.ts";
import type { Store } from "../../store/store.ts";
import type { Message } from "./begin.ts";
import { cancelledReason, noUsage } from "./past-run.ts";
import type { Runs } from "./runs.ts";

/** Answers the runs that ended by it, which are more than were named where they shared a turn. */
export type AbortRuns = (runIds: readonly string[]) => Promise<readonly string[]>;

export function createAbort(parts: {
  readonly store: Store;
  readonly lanes: Lanes<Message>;
  readonly runs: Runs;
}): AbortRuns {
  const { store, lanes, runs } = parts;
  const abortRun = async (runId: string): Promise<readonly string[]> => {
    const aborted = lanes.abort(runId);
    if (aborted?.kind === "waiting") {
      await store.inbox.end(runId, "dropped", cancelledReason);
      runs.close([runId], { turnId: undefined, outcome: { status: "cancelled", usage: noUsage } });
    }
    const runIds = aborted?.runIds ?? [];
    await Promise.allSettled(runIds.map((id) => runs.wait(id)));
    return runIds;
  };
  return async (runIds) => {
    const ended = await Promise.all(runIds.map(abortRun));
    return [...new Set(ended.flat())];
  };
}
