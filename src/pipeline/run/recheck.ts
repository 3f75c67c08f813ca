// Ends what runs or waits for people who are not let in any more.
import type { Lanes } from "../../session/session.ts";
import { goneSince } from "../admit/still.ts";
import type { PipelineOptions } from "../settings.ts";
import type { AbortRuns } from "./abort.ts";
import type { Message } from "./begin.ts";

export function createRecheck(
  parts: PipelineOptions & { readonly lanes: Lanes<Message>; readonly abortRuns: AbortRuns },
): () => Promise<void> {
  return async () => {
    const runIds = [...parts.lanes.active().values()].flat();
    const rows = await Promise.all(runIds.map((runId) => parts.store.inbox.find(runId)));
    await parts.abortRuns(runIds.filter((_, at) => rows[at] !== undefined && goneSince(rows[at], parts) !== undefined));
  };
}
