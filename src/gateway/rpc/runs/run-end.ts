// The end of a run as `agent` answers it.
import { bounded } from "../../../base/wait.ts";
import type { TurnOutcome } from "../../../agent/agent.ts";
import { LoricaError } from "../../../base/errors.ts";
import type { RunEnd } from "../../../pipeline/pipeline.ts";
import type { AgentEnd } from "../../../protocol/shapes.ts";
import { FailedRun } from "../../dispatch.ts";
import type { Edge } from "../../edge.ts";
import { errorOfOutcome } from "../../run.ts";
import type { StartedRun } from "../../run.ts";
import { dollars, usageFigures } from "../usage.ts";

export async function agentEnd(edge: Edge, run: StartedRun, end: RunEnd): Promise<AgentEnd> {
  const session = await edge.store.sessions.find(end.sessionKey);
  const { outcome } = end;
  const done = outcome.status === "done" ? outcome : undefined;
  const result: AgentEnd = {
    runId: run.runId,
    status: statusOf(outcome),
    summary: done === undefined ? outcome.status : "completed",
    result: {
      payloads: done === undefined || done.text === "" ? [] : [{ text: done.text, mediaUrl: null }],
      meta: {
        durationMs: edge.clock.now() - run.startedAt,
        aborted: outcome.status === "cancelled",
        stopReason: done?.stopReason ?? outcome.status,
        agentMeta: {
          sessionKey: end.sessionKey,
          sessionId: session?.windowId ?? null,
          provider: done?.provider ?? null,
          model: done?.model ?? null,
          usage: {
            ...usageFigures(outcome.usage),
            estimated: outcome.usage.estimated,
            costUsd: dollars(outcome.usage.costMicros),
          },
        },
      },
    },
  };
  if (done === undefined) throw failedRun(run, end, result);
  return result;
}

export function failedRun(run: StartedRun, end: RunEnd, payload: unknown): Error {
  if (end.outcome.status === "done") throw new LoricaError("internal", `run ${run.runId} ended well`);
  const { error, id } = errorOfOutcome(end.outcome);
  return new FailedRun(error, payload, id);
}

export function statusOf(outcome: TurnOutcome): "ok" | "error" | "timeout" {
  if (outcome.status === "done") return "ok";
  return outcome.status === "failed" && outcome.code === "timeout" ? "timeout" : "error";
}

/** Undefined where it has not come in time. */
export async function endWithin(
  edge: Edge,
  runId: string,
  { signal, limitMs }: { readonly signal: AbortSignal; readonly limitMs: number },
): Promise<RunEnd | undefined> {
  const ending = bounded(signal, limitMs);
  try {
    return await edge.pipeline.wait(runId, ending);
  } catch (cause) {
    if (ending.aborted) return undefined;
    throw cause;
  }
}
