// Giving up runs. Whoever asks is told once it is in the store: after a crash the run must not come back.
import { newId } from "../../base/ids.ts";
import { noUsage } from "../../base/transcript.ts";
import type { Lanes } from "../../session/session.ts";
import type { Store } from "../../store/store.ts";
import { goneSince } from "../admit/still.ts";
import type { PipelineOptions } from "../settings.ts";
import type { Message } from "./begin.ts";
import { cancelledReason } from "./past-run.ts";
import { untilStored } from "./patience.ts";
import type { Runs } from "./runs.ts";

/** Answers the runs that ended by it, which are more than were named where they shared a turn. */
export type AbortRuns = (runIds: readonly string[]) => Promise<readonly string[]>;

export function createAbort(parts: {
  readonly store: Store;
  readonly lanes: Lanes<Message>;
  readonly runs: Runs;
  readonly stopping: AbortSignal;
  readonly report: (id: string, error: unknown) => void;
}): AbortRuns {
  const { store, lanes, runs } = parts;
  const drop = (runId: string): Promise<void> =>
    untilStored(
      () => store.inbox.end(runId, "dropped", cancelledReason),
      parts.stopping,
      (error) => parts.report(newId(), error),
    );
  const abortRun = async (runId: string): Promise<readonly string[]> => {
    const aborted = lanes.abort(runId);
    if (aborted?.kind === "waiting") {
      await drop(runId);
      runs.close([runId], { turnId: undefined, outcome: { status: "cancelled", usage: noUsage } });
    }
    const runIds = aborted?.runIds ?? [];
    const ends = await Promise.allSettled(runIds.map((id) => runs.wait(id)));
    // A process that stops leaves turns as they are: those have not ended.
    return runIds.filter((_, at) => ends[at]?.status === "fulfilled");
  };
  return async (runIds) => {
    const ended = await Promise.all(runIds.map(abortRun));
    return [...new Set(ended.flat())];
  };
}

/** Ends what runs or waits for people who are not let in any more. */
export function createRecheck(
  parts: PipelineOptions & { readonly lanes: Lanes<Message>; readonly abortRuns: AbortRuns },
): () => Promise<void> {
  return async () => {
    const runIds = [...parts.lanes.active().values()].flat();
    const rows = await Promise.all(runIds.map((runId) => parts.store.inbox.find(runId)));
    await parts.abortRuns(runIds.filter((_, at) => rows[at] !== undefined && goneSince(rows[at], parts) !== undefined));
  };
}
