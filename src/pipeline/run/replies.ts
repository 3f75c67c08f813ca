// What a turn's end means for the people who asked: replies for the outbox, in pieces that the channel can carry.
import type { TurnOutcome } from "../../agent/agent.ts";
import type { ReplyAddress } from "../../base/envelope.ts";
import { newId } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import type { Label } from "../../base/label.ts";
import { splitMarkdown } from "../../channel/channel.ts";
import type { OutboxDraft, Turn } from "../../store/store.ts";
import type { PipelineOptions } from "../settings.ts";

export type ReplyShape = { readonly to: ReplyAddress; readonly textMaxChars: number; readonly prefix: string };

export function replyShape(
  { replyTo: to }: Turn,
  { channels, settings }: Pick<PipelineOptions, "channels" | "settings">,
): ReplyShape {
  const capabilities = channels.find((channel) => channel.id === to.channel)?.capabilities;
  const { access, responsePrefix } = settings();
  const account = access?.(to.channel, to.account);
  const able = capabilities?.textMaxChars ?? limits.replyMaxChars;
  const textMaxChars = Math.min(able, account?.textMaxChars ?? able);
  return { to, textMaxChars, prefix: account?.responsePrefix ?? responsePrefix ?? "" };
}

/** A cancelled turn says nothing, a failed one what happened and under which id the log has it. */
export function repliesOf(outcome: TurnOutcome, label: Label, shape: ReplyShape): readonly OutboxDraft[] {
  const text = replyText(outcome);
  return text.trim() === "" ? [] : piecesOf(text, label, shape);
}

function piecesOf(text: string, label: Label, shape: ReplyShape): readonly OutboxDraft[] {
  return splitMarkdown(`${shape.prefix}${text}`, shape.textMaxChars).map((piece, at) => ({
    id: newId(),
    // Only the first answers the message; the others follow it.
    to: at === 0 ? shape.to : followUp(shape.to),
    text: piece,
    media: [],
    label,
  }));
}

/** What may be said now, and what waits for the owner's word. */
export type Screened = { readonly outcome: TurnOutcome; readonly held?: HeldReply | undefined };
export type HeldReply = { readonly text: string; readonly hold: string; readonly reason: string };

/** Judged as a whole, before it is cut into pieces, and with what the recipient was sent before. */
export async function screenReply(
  turn: Turn,
  outcome: TurnOutcome,
  { dlp, holdDesk, channels, stopping }: ScreenParts,
): Promise<Screened> {
  const said = outcome.status === "done" ? outcome.text : outcome.status === "failed" ? outcome.message : "";
  if (said === "") return { outcome };
  const { agentId, sessionKey, replyTo, principal } = turn;
  const to = `${replyTo.channel}:${replyTo.account}:${replyTo.recipient}`;
  const isOwner = principal.kind === "owner" && !/:(?:group|channel|thread):/.test(sessionKey);
  // Whoever fetches their reply is not there any more when the owner has answered.
  const isSent = channels.find(({ id }) => id === replyTo.channel)?.replies !== "fetched";
  const keeps = holdDesk !== undefined && isSent && outcome.status === "done";
  const question = { point: "reply", agentId, sessionKey, to, isOwner, keeps, texts: [said] } as const;
  const { verdict, texts, reason, hold } = await dlp.inspect(question, stopping);
  if (verdict === "pass") return { outcome };
  const [text = ""] = texts;
  if (verdict === "redact" && outcome.status === "done") return { outcome: { ...outcome, text } };
  if (verdict === "redact" && outcome.status === "failed") return { outcome: { ...outcome, message: text } };
  const next = hold === undefined ? "The owner can let it pass once with: lorica dlp allow" : "Its owner was asked";
  const message = `the answer is held back: it holds ${reason}. ${next}`;
  return {
    outcome: { status: "failed", code: "forbidden", message, id: newId(), usage: outcome.usage },
    held: hold === undefined ? undefined : { text, hold, reason },
  };
}

type ScreenParts = Pick<PipelineOptions, "dlp" | "holdDesk" | "channels"> & { readonly stopping: AbortSignal };

/** As they would leave, and nobody sends them before the owner says so. */
export function heldReplies(
  { text, hold, reason }: HeldReply,
  label: Label,
  shape: ReplyShape,
): readonly OutboxDraft[] {
  return piecesOf(text, label, shape).map((draft) => ({
    ...draft,
    to: followUp(shape.to),
    settled: { status: "held", reason: `it holds ${reason}`, hold },
  }));
}

function replyText(outcome: TurnOutcome): string {
  if (outcome.status === "done") return outcome.text;
  return outcome.status === "failed" ? `${outcome.message} (error ${outcome.id})` : "";
}

function followUp({ channel, account, recipient, thread }: ReplyAddress): ReplyAddress {
  return { channel, account, recipient, ...(thread === undefined ? {} : { thread }) };
}
