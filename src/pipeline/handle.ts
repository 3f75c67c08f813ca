// Steps 1 to 5 for one message. Deciding comes before storing, because it costs nothing and a full lane must say so
// before anything is promised; storing comes before acknowledging.
import { LoricaError } from "../base/errors.ts";
import type { Envelope, QueueMode } from "../base/envelope.ts";
import type { LaneJob, Lanes } from "../session/session.ts";
import type { Routed } from "../store/store.ts";
import { admit } from "./admit.ts";
import type { Dropped, Refused } from "./admit.ts";
import { labelOf } from "./label.ts";
import type { Message } from "./run/begin.ts";
import type { Accepted } from "./pipeline.ts";
import { acknowledge, receive } from "./receive.ts";
import { ownershipProblem, route } from "./route.ts";
import type { Runs } from "./run/runs.ts";
import type { PipelineOptions } from "./settings.ts";

export type HandleParts = PipelineOptions & {
  readonly lanes: Lanes<Message>;
  readonly runs: Runs;
  /** Ends everything of a session that waits or runs, for the command that stops it. */
  readonly abortSession: (sessionKey: string, except: string) => Promise<unknown>;
};

export type Plan =
  | { readonly kind: "planned"; readonly envelope: Envelope; readonly routed: Routed }
  | Dropped
  | Refused;

/** Steps 2 to 4. */
export function plan(envelope: Envelope, options: PipelineOptions): Plan {
  const door = options.channels.find((channel) => channel.id === envelope.channel);
  if (door === undefined) return { kind: "refused", code: "not_found", reason: `no channel ${envelope.channel}` };
  const admitted = admit(envelope, door, options.rehearsalDoors ?? ["cli"]);
  if (admitted.kind !== "admitted") return admitted;
  const label = labelOf(admitted.envelope, admitted.principal);
  const routed = route(admitted.envelope, { principal: admitted.principal, label }, options.settings());
  return routed.kind === "routed" ? { kind: "planned", envelope: admitted.envelope, routed: routed.routed } : routed;
}

export async function handle(envelope: Envelope, parts: HandleParts): Promise<Accepted> {
  const planned = plan(envelope, parts);
  if (planned.kind === "refused") throw new LoricaError(planned.code, planned.reason);
  if (planned.kind === "dropped") return acknowledge(await receive(parts.store, envelope, planned), envelope);
  return accept(planned, parts);
}

async function accept(planned: Extract<Plan, { kind: "planned" }>, parts: HandleParts): Promise<Accepted> {
  const { envelope, routed } = planned;
  const { sessionKey, agentId } = routed;
  const seat = parts.lanes.reserve(sessionKey);
  let seated = false;
  try {
    await refuseForeign(planned, parts);
    parts.checkpoint?.("received");
    const received = await receive(parts.store, envelope, { kind: "routed", routed });
    if (received.kind === "duplicate") return acknowledge(received, envelope);
    parts.checkpoint?.("stored");
    parts.runs.open({ runId: envelope.id, sessionKey, agentId });
    const job = jobOf({ envelope, routed, resumed: undefined }, parts);
    if (parts.commandOf?.(envelope.text) === "stop") await parts.abortSession(sessionKey, envelope.id);
    seated = true;
    seat.enqueue(job);
    parts.observe({ point: "message.received", inboxId: envelope.id, channel: envelope.channel });
    return acknowledge(received, envelope);
  } finally {
    if (!seated) seat.release();
  }
}

async function refuseForeign({ envelope, routed }: Extract<Plan, { kind: "planned" }>, parts: HandleParts) {
  if (envelope.request.sessionKey === undefined) return;
  const problem = ownershipProblem(await parts.store.sessions.find(routed.sessionKey), routed.principal);
  if (problem !== undefined) throw new LoricaError(problem.code, problem.reason);
}

export function jobOf(message: Message, parts: PipelineOptions): LaneJob<Message> {
  const { envelope, routed } = message;
  const { queue, ...wishes } = envelope.request;
  const command = parts.commandOf?.(envelope.text);
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
