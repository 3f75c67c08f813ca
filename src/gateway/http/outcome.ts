// How runs that went wrong end on the HTTP surface, and what tokens are called there.
import type { TurnOutcome } from "../../agent/agent.ts";
import { newId } from "../../base/ids.ts";
import type { Usage } from "../../base/transcript.ts";
import { abortError } from "../../base/wait.ts";
import { failureOf } from "../../protocol/failure.ts";
import type { Edge } from "../edge.ts";
import { errorOfOutcome } from "../run.ts";
import { renderError } from "./answer.ts";
import type { ErrorBody } from "./answer.ts";

/** What a run that ended badly is on this surface. */
export function problemOf(
  edge: Edge,
  outcome: Exclude<TurnOutcome, { readonly status: "done" }>,
): { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: ErrorBody } {
  const { error, id } = errorOfOutcome(outcome);
  const errorId = id ?? newId();
  edge.log("info", `HTTP run ended: ${outcome.status}`, { errorId, code: error.code });
  return renderError(error, errorId);
}

export function promptTokens(usage: Usage): number {
  return usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
}

/** What keeps a run from being waited for ends the call as a failed run would, also in the middle of a stream. */
export function failedWait(edge: Edge, gone: AbortSignal, error: unknown): TurnOutcome {
  if (gone.aborted) throw abortError(gone);
  const id = newId();
  const { code, message } = failureOf(error, id);
  edge.log("error", "a run cannot be waited for", { errorId: id, error });
  return { status: "failed", code, message, id, usage: unusedUsage };
}

const unusedUsage: Usage = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  costMicros: null,
  estimated: true,
};
