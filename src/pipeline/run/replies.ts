// What a turn's end means for the people who asked: replies for the outbox, in pieces that the channel can carry.
import type { TurnOutcome } from "../../agent/agent.ts";
import type { ReplyAddress } from "../../base/envelope.ts";
import { newId } from "../../base/ids.ts";
import type { Label } from "../../base/label.ts";
import type { OutboxDraft } from "../../store/store.ts";

export type ReplyShape = { readonly to: ReplyAddress; readonly textMaxChars: number; readonly prefix: string };

/** A cancelled turn says nothing, a failed one what happened and under which id the log has it. */
export function repliesOf(outcome: TurnOutcome, label: Label, shape: ReplyShape): readonly OutboxDraft[] {
  const text = replyText(outcome);
  if (text.trim() === "") return [];
  return splitText(`${shape.prefix}${text}`, shape.textMaxChars).map((piece) => ({
    id: newId(),
    to: shape.to,
    text: piece,
    media: [],
    label,
  }));
}

function replyText(outcome: TurnOutcome): string {
  if (outcome.status === "done") return outcome.text;
  return outcome.status === "failed" ? `${outcome.message} (error ${outcome.id})` : "";
}

/** Cuts at a blank line, else a line break, else a space, else anywhere but inside a character. */
export function splitText(text: string, maxChars: number): readonly string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > maxChars) {
    const end = cutAt(rest, maxChars);
    pieces.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return [...pieces, rest].filter((piece) => piece !== "");
}

function cutAt(text: string, maxChars: number): number {
  const head = text.slice(0, maxChars + 1);
  for (const seam of ["\n\n", "\n", " "]) {
    const at = head.lastIndexOf(seam);
    // A cut far to the left would make many tiny messages of one long word.
    if (at > maxChars / 2) return at;
  }
  const splitsPair = /[\uD800-\uDBFF]/.test(text.charAt(maxChars - 1)) && maxChars > 1;
  return splitsPair ? maxChars - 1 : maxChars;
}
