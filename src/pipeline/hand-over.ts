// Steps 7 and 8 for doors whose callers fetch their replies, as the terminal and HTTP do: decided where the turn ends,
// so that what became of a reply is stored in the same write as the reply, and nobody is told what was not released.
import { newId } from "../base/ids.ts";
import type { Channel } from "../channel/channel.ts";
import type { OutboxDraft, Turn } from "../store/store.ts";
import { recordSend } from "./deliver.ts";
import type { DeliveryParts } from "./deliver.ts";
import { placeOf, release } from "./release.ts";

export type HandOver = (drafts: readonly OutboxDraft[], turn: Turn) => Promise<readonly OutboxDraft[]>;

/** Leaves the replies of all other doors as they are, for the outbox's worker. */
export function createHandOver(parts: DeliveryParts, signal: AbortSignal): HandOver {
  return async (drafts, turn) => {
    const open = parts.open.get(turn.replyTo.channel);
    if (open?.definition.replies !== "fetched") return drafts;
    const { channel } = open;
    return Promise.all(drafts.map((draft) => settle(draft, { turn, channel, parts }, signal)));
  };
}

async function settle(
  draft: OutboxDraft,
  { turn, channel, parts }: { readonly turn: Turn; readonly channel: Channel; readonly parts: DeliveryParts },
  signal: AbortSignal,
): Promise<OutboxDraft> {
  const { agentId, sessionKey, principal } = turn;
  const reply = { ...draft, agentId, sessionKey, principal, attempts: 0 };
  const decision = release(reply, { answers: placeOf(turn.replyTo) }, parts);
  if (decision.kind === "deny") return { ...draft, settled: { status: "held", reason: decision.reason } };
  parts.observe({ point: "reply.released", turnId: turn.id, outboxId: draft.id });
  const { id: idempotencyKey, to, text, media } = draft;
  try {
    const receipt = await channel.send(decision.grant, { idempotencyKey, to, text, media }, signal);
    recordSend(reply, receipt.kind, parts);
    if (receipt.kind === "sent") return { ...draft, settled: { status: "sent", receipt: receipt.platformId } };
    return { ...draft, settled: { status: "held", reason: receipt.reason } };
  } catch (error) {
    parts.report(newId(), error);
    return { ...draft, settled: { status: "held", reason: "it could not be handed over" } };
  }
}
