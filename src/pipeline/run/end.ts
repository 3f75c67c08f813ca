// How a turn ends: its outcome and replies in one write, and only then the word to whoever waits.
import type { TurnOutcome } from "../../agent/agent.ts";
import { codeOf, LoricaError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import type { Json } from "../../base/json.ts";
import type { Label } from "../../base/label.ts";
import { limits } from "../../base/limits.ts";
import type { Turn } from "../../store/store.ts";
import type { PipelineOptions } from "../settings.ts";
import { noUsage } from "./past-run.ts";
import { untilStored } from "./patience.ts";
import { repliesOf } from "./replies.ts";
import type { Runs } from "./runs.ts";

export type EndParts = PipelineOptions & {
  readonly runs: Runs;
  /** Called when replies may be in the outbox. */
  readonly onFinished: () => void;
  /** Ends when the process stops: from then on turns are left as they are, for the next start. */
  readonly stopping: AbortSignal;
};

export type Ended = { readonly outcome: TurnOutcome; readonly label: Label };

export function failed(turn: Turn, error: unknown, { report }: Pick<EndParts, "report">): Ended {
  const id = newId();
  report(id, error);
  // What was thrown may say anything, so a person reads it only where we wrote it.
  const message = error instanceof LoricaError ? error.message : "something in Lorica failed";
  return { outcome: { status: "failed", code: codeOf(error), message, id, usage: noUsage }, label: turn.label };
}

export async function closeTurn(
  turn: Turn,
  { outcome, label }: Ended,
  parts: EndParts & { readonly runIds: readonly string[] },
): Promise<void> {
  const replies = repliesOf(outcome, label, replyShape(turn, parts));
  const end = {
    status: outcome.status,
    replies,
    outcome: outcome as unknown as Json,
    ...(outcome.status === "failed" ? { error: `${outcome.code}: ${outcome.message}` } : {}),
  };
  const finish = (): Promise<void> => parts.store.turns.finish(turn.id, end);
  await untilStored(finish, parts.stopping, (error) => parts.report(newId(), error));
  parts.checkpoint?.("finished");
  parts.runs.emit(parts.runIds, { type: "finished", outcome });
  parts.runs.close(parts.runIds, { turnId: turn.id, outcome });
  parts.observe({ point: "turn.finished", turnId: turn.id, status: outcome.status });
  if (replies.length > 0) parts.onFinished();
}

function replyShape({ replyTo: to }: Turn, { channels, settings }: EndParts) {
  const capabilities = channels.find((channel) => channel.id === to.channel)?.capabilities;
  const textMaxChars = capabilities?.textMaxChars ?? limits.replyMaxChars;
  return { to, textMaxChars, prefix: settings().responsePrefix ?? "" };
}

/** The turn could not be begun or ended, and not because the store was away: that is our bug, and nobody waits for it. */
export async function giveUp(runIds: readonly string[], error: unknown, parts: EndParts): Promise<void> {
  const id = newId();
  parts.report(id, error);
  const message = "something in Lorica failed";
  const outcome: TurnOutcome = { status: "failed", code: codeOf(error), message, id, usage: noUsage };
  for (const runId of runIds) {
    const row = await parts.store.inbox.find(runId).catch(() => undefined);
    if (row?.status !== "queued") continue;
    await parts.store.inbox
      .end(runId, "failed", `${message} (error ${id})`)
      .catch((cause: unknown) => parts.report(id, cause));
  }
  parts.runs.emit(runIds, { type: "finished", outcome });
  parts.runs.close(runIds, { turnId: undefined, outcome });
}
