// How a turn ends: its outcome and replies in one write, and only then the word to whoever waits.
import type { TurnOutcome, TurnRunner } from "../../agent/agent.ts";
import { codeOf, LoricaError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import type { Json } from "../../base/json.ts";
import { noUsage } from "../../base/transcript.ts";
import type { OutboxDraft, Turn } from "../../store/store.ts";
import type { Signals } from "../channels/signals.ts";
import type { HandOver } from "../hand-over.ts";
import type { PipelineOptions } from "../settings.ts";
import { tellWaiting, untilStored } from "./patience.ts";
import { heldReplies, repliesOf, replyShape, screenReply } from "./replies.ts";
import type { Runs } from "./runs.ts";

export type EndParts = PipelineOptions & {
  readonly runs: Runs;
  readonly handOver: HandOver;
  readonly signals: Signals;
  /** Called when replies wait in the outbox. */
  readonly onFinished: () => void;
  /** Ends when the process stops: from then on turns are left as they are, for the next start. */
  readonly stopping: AbortSignal;
};

export type Ended = Awaited<ReturnType<TurnRunner["run"]>>;

export function failed(turn: Turn, error: unknown, { report }: Pick<EndParts, "report">): Ended {
  const id = newId();
  report(id, error);
  // What was thrown may say anything, so a person reads it only where we wrote it.
  const message = error instanceof LoricaError ? error.message : "something in Lorica failed";
  return { outcome: { status: "failed", code: codeOf(error), message, id, usage: noUsage }, label: turn.label };
}

export async function closeTurn(
  turn: Turn,
  { outcome: ended, label, closing }: Ended,
  parts: EndParts & { readonly runIds: readonly string[] },
): Promise<void> {
  const { outcome: reached, held } = await screenReply(turn, ended, parts);
  const shape = replyShape(turn, parts);
  const said = await parts.handOver(repliesOf(reached, label, shape), turn);
  const outcome = unlessHeld(reached, said);
  const replies = held === undefined ? said : [...said, ...heldReplies(held, label, shape)];
  const end = {
    status: outcome.status,
    replies,
    closing,
    outcome: outcome as unknown as Json,
    ...(outcome.status === "failed" ? { error: `${outcome.code}: ${outcome.message}` } : {}),
  };
  const finish = async (): Promise<unknown> => parts.store.turns.finish(turn.id, end);
  await untilStored(finish, parts.stopping, tellWaiting(parts.runIds, parts));
  parts.checkpoint?.("finished");
  parts.runs.emit(parts.runIds, { type: "finished", outcome });
  parts.runs.close(parts.runIds, { turnId: turn.id, outcome });
  parts.observe({ point: "turn.finished", turnId: turn.id, status: outcome.status });
  if (replies.some(({ settled }) => settled === undefined)) parts.onFinished();
}

/** Whoever fetches a reply is not given one that may not leave. */
function unlessHeld(outcome: TurnOutcome, replies: readonly OutboxDraft[]): TurnOutcome {
  const held = replies.find(({ settled }) => settled?.status === "held");
  if (held?.settled?.status !== "held") return outcome;
  const message = `the answer is held back: ${held.settled.reason}`;
  return { status: "failed", code: "forbidden", message, id: held.id, usage: outcome.usage };
}

/** Nobody is answered any more: the messages end, and so does the turn that an earlier process had begun with them. */
export async function turnAway(
  runIds: readonly string[],
  { reason, turn }: { readonly reason: string; readonly turn: Turn | undefined },
  parts: EndParts,
): Promise<void> {
  const outcome = { status: "failed", code: "forbidden", message: reason, id: newId(), usage: noUsage } as const;
  const end = async (): Promise<void> => {
    if (turn !== undefined)
      await parts.store.turns.finish(turn.id, { status: "failed", error: reason, replies: [], outcome });
    else for (const runId of runIds) await endWaiting(runId, reason, parts);
  };
  await untilStored(end, parts.stopping, tellWaiting(runIds, parts));
  parts.runs.emit(runIds, { type: "finished", outcome });
  parts.runs.close(runIds, { turnId: turn?.id, outcome });
}

async function endWaiting(runId: string, reason: string, { store }: EndParts): Promise<void> {
  const row = await store.inbox.find(runId);
  if (row?.status === "queued") await store.inbox.end(runId, "dropped", reason);
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
