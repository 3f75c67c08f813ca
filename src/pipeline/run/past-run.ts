// The end of a run that is no longer in memory, read back from the store.
import type { TurnOutcome } from "../../agent/agent.ts";
import { LoricaError } from "../../base/errors.ts";
import { noUsage } from "../../base/transcript.ts";
import type { Store, Turn } from "../../store/store.ts";
import type { RunEnd } from "../pipeline.ts";

/** The reason in the inbox of a message that was given up before its turn. */
export const cancelledReason = "cancelled";

export async function loadRunEnd(store: Store, runId: string): Promise<RunEnd> {
  const row = await store.inbox.find(runId);
  if (row === undefined) throw new LoricaError("not_found", `there is no run ${runId}`);
  const turn = row.turnId === undefined ? undefined : await store.turns.find(row.turnId);
  const about = { runId, sessionKey: row.routed?.sessionKey ?? "", turnId: row.turnId };
  if (turn !== undefined && turn.status !== "running") return { ...about, outcome: outcomeOf(turn) };
  if (row.status === "dropped" || row.status === "failed")
    return { ...about, outcome: endedEarly(runId, row.status, row.reason) };
  throw new LoricaError("unavailable", `run ${runId} waits for Lorica's next start`);
}

function outcomeOf(turn: Turn): TurnOutcome {
  // Written by `finish` from a TurnOutcome; gone where the session was deleted since.
  if (turn.outcome !== undefined) return turn.outcome as unknown as TurnOutcome;
  if (turn.status === "cancelled") return { status: "cancelled", usage: noUsage };
  return { status: "failed", code: "not_found", message: "the answer was deleted", id: turn.id, usage: noUsage };
}

function endedEarly(runId: string, status: "dropped" | "failed", reason = "no reason was kept"): TurnOutcome {
  if (reason === cancelledReason) return { status: "cancelled", usage: noUsage };
  const code = status === "dropped" ? "forbidden" : "internal";
  return { status: "failed", code, message: reason, id: runId, usage: noUsage };
}
