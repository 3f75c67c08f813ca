// Steps 1 to 5 for one message. Deciding comes before storing, because it costs nothing and a full lane must say so
// before anything is promised; storing comes before acknowledging.
import { LoricaError } from "../base/errors.ts";
import type { Envelope, QueueMode } from "../base/envelope.ts";
import type { LaneJob, Lanes } from "../session/session.ts";
import type { Dropped, InTheRoom } from "./admit.ts";
import { screenEnvelope } from "./admit/screen.ts";
import { plan, roomOf } from "./admit/plan.ts";
import type { Plan } from "./admit/plan.ts";
import type { Message } from "./run/begin.ts";
import type { Accepted } from "./pipeline.ts";
import { acknowledge, receive } from "./receive.ts";
import { ownershipProblem, replyAddress } from "./route.ts";
import type { Runs } from "./run/runs.ts";
import type { PipelineOptions } from "./settings.ts";

export type HandleParts = PipelineOptions & {
  readonly lanes: Lanes<Message>;
  readonly runs: Runs;
  /** Ends when the process stops. */
  readonly signal: AbortSignal;
  /** Something was put into the outbox. */
  readonly kick: () => void;
  /** Ends everything of a session that waits or runs, for the command that stops it. */
  readonly abortSession: (sessionKey: string, except: string) => Promise<unknown>;
};

export async function handle(envelope: Envelope, parts: HandleParts): Promise<Accepted> {
  const planned = plan(envelope, parts);
  if (planned.kind === "refused") throw new LoricaError(planned.code, planned.reason);
  if (planned.kind === "overheard") return overhear(planned, parts);
  if (planned.kind === "dropped") return drop(envelope, planned, parts);
  parts.senders?.seen({ channel: envelope.channel, account: envelope.account, senderId: envelope.sender.id });
  return accept(planned, parts);
}

async function overhear({ envelope, keep }: InTheRoom, parts: HandleParts): Promise<Accepted> {
  const screened = await screenEnvelope(envelope, { agentId: "", sessionKey: "" }, parts);
  await parts.store.overheard.add(screened, { room: roomOf(envelope), limit: keep });
  return { kind: "dropped", runId: envelope.id, reason: "said in the room, not to the assistant", overheard: true };
}

async function drop(envelope: Envelope, { reason, after }: Dropped, parts: HandleParts): Promise<Accepted> {
  if (after === "nothing") return { kind: "dropped", runId: envelope.id, reason };
  // Asked for before the message is stored: a kill in between is made good by the platform, which delivers it again.
  const asked = after === "ask" ? await parts.senders?.ask(envelope, replyAddress(envelope)) : undefined;
  if (asked === "asked") parts.kick();
  return acknowledge(await receive(parts.store, envelope, { kind: "dropped", reason }), envelope);
}

async function accept(planned: Extract<Plan, { kind: "planned" }>, parts: HandleParts): Promise<Accepted> {
  const { routed } = planned;
  const { sessionKey, agentId } = routed;
  const seat = parts.lanes.reserve(sessionKey);
  let seated = false;
  try {
    await refuseForeign(planned, parts);
    const envelope = await screenEnvelope(planned.envelope, { agentId, sessionKey }, parts);
    parts.checkpoint?.("received");
    const received = await receive(parts.store, envelope, { kind: "routed", routed, room: planned.room });
    if (received.kind === "duplicate") return acknowledge(received, envelope);
    parts.checkpoint?.("stored");
    parts.runs.open({ runId: envelope.id, sessionKey, agentId });
    // As it was stored: with what was overheard before it.
    const stored = { envelope: received.row.envelope, routed: received.row.routed ?? routed };
    const job = jobOf({ ...stored, resumed: undefined }, parts);
    if (commandIn(envelope, parts) === "stop") await parts.abortSession(sessionKey, envelope.id);
    seated = true;
    seat.enqueue(job);
    parts.observe({ point: "message.received", inboxId: envelope.id, channel: envelope.channel });
    return acknowledge(received, envelope);
  } finally {
    if (!seated) seat.release();
  }
}

/** The text command that a message is, where its sender may use any and wrote it themselves. */
function commandIn({ text, request, forwardedFrom }: Envelope, { commandOf }: PipelineOptions): string | undefined {
  return request.commands === "none" || forwardedFrom !== undefined ? undefined : commandOf?.(text);
}

async function refuseForeign({ envelope, routed }: Extract<Plan, { kind: "planned" }>, parts: HandleParts) {
  if (envelope.request.sessionKey === undefined) return;
  const problem = ownershipProblem(await parts.store.sessions.find(routed.sessionKey), routed.principal);
  if (problem !== undefined) throw new LoricaError(problem.code, problem.reason);
}

export function jobOf(message: Message, parts: PipelineOptions): LaneJob<Message> {
  const { envelope, routed } = message;
  const { queue, ...wishes } = envelope.request;
  const command = commandIn(envelope, parts);
  const { channel, account, recipient, thread } = routed.replyTo;
  return {
    runId: envelope.id,
    sessionKey: routed.sessionKey,
    mode: command === undefined ? (queue ?? queueMode(envelope.channel, parts)) : "followup",
    principalId: routed.principal.id,
    mergeKey:
      command === undefined
        ? JSON.stringify([routed.principal.id, channel, account, recipient, thread, wishes])
        : envelope.id,
    payload: message,
  };
}

function queueMode(channel: string, { settings }: PipelineOptions): QueueMode {
  const { queue } = settings();
  return queue.byChannel[channel] ?? queue.mode;
}
