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
  if (text.trim() === "") return [];
  return splitMarkdown(`${shape.prefix}${text}`, shape.textMaxChars).map((piece, at) => ({
    id: newId(),
    // Only the first answers the message; the others follow it.
    to: at === 0 ? shape.to : followUp(shape.to),
    text: piece,
    media: [],
    label,
  }));
}

function replyText(outcome: TurnOutcome): string {
  if (outcome.status === "done") return outcome.text;
  return outcome.status === "failed" ? `${outcome.message} (error ${outcome.id})` : "";
}

function followUp({ channel, account, recipient, thread }: ReplyAddress): ReplyAddress {
  return { channel, account, recipient, ...(thread === undefined ? {} : { thread }) };
}
