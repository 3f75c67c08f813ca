// Step 8 for Telegram: one message of ours becomes one or more of theirs. A receipt is only given where it is known what
// became of it; where it is not, this throws, and the reply is shown as unknown instead of being sent twice.
import { codeOf, LoricaError } from "../../../src/base/errors.ts";
import type { MediaRef } from "../../../src/base/envelope.ts";
import { limits } from "../../../src/base/limits.ts";
import type { OutgoingMessage, Receipt } from "../../../src/channel/channel.ts";
import type { Answer, Refusal } from "../api.ts";
import type { Line } from "../line.ts";
import type { Migrations } from "../migrations.ts";
import { addressOf } from "./address.ts";
import type { Address } from "./address.ts";
import type { Drafts } from "./drafts.ts";
import { toHtml } from "./html.ts";
import { sendFile } from "./media.ts";
import type { Common } from "./media.ts";

export type Sending = { readonly line: Line; readonly drafts: Drafts; readonly migrations: Migrations };

/** A part of a message: a text, or a file with or without one. */
type Part = { readonly text: string; readonly file: MediaRef | undefined };
type Sent = Answer<{ readonly message_id: number }>;
/** Known not to have left for Telegram at all. */
type Kept = { readonly kind: "kept"; readonly receipt: Exclude<Receipt, { readonly kind: "sent" }> };

export async function sendMessage(message: OutgoingMessage, sending: Sending, signal: AbortSignal): Promise<Receipt> {
  const to = addressOf(message.to, sending.migrations);
  if (to === undefined)
    return { kind: "failed", reason: `${message.to.recipient} is not the number of a Telegram chat` };
  const parts = partsOf(message);
  if (parts.length === 0) return { kind: "failed", reason: "the message is empty" };
  await sending.drafts.end(to);
  const ids: number[] = [];
  for (const part of parts) {
    // Only the first part is an answer to something; the others follow it.
    const where = ids.length === 0 ? to : { ...to, answered: undefined };
    const sent = await sendPart(part, { ...sending, to: where }, signal);
    if (sent.kind === "ok") {
      ids.push(sent.result.message_id);
      continue;
    }
    const receipt = sent.kind === "kept" ? sent.receipt : receiptOf(sent);
    return ids.length === 0 ? receipt : incomplete(ids.length, parts.length, receipt.reason);
  }
  return { kind: "sent", platformId: ids.join(",") };
}

/** A short text goes under a single file, as people send it; otherwise it goes first. */
function partsOf({ text, media }: OutgoingMessage): readonly Part[] {
  const hasText = text.trim() !== "";
  const [only] = media;
  if (media.length === 1 && only !== undefined && text.length <= limits.telegramCaptionMaxChars)
    return [{ text: hasText ? text : "", file: only }];
  const files = media.map((file) => ({ text: "", file }));
  return hasText ? [{ text, file: undefined }, ...files] : files;
}

type PartOf = Sending & { readonly to: Address };

async function sendPart(part: Part, of: PartOf, signal: AbortSignal): Promise<Sent | Kept> {
  const { line, migrations, to } = of;
  try {
    const first = await sendFormatted(part, { line, to }, signal);
    if (first.kind === "ok" || first.migratedTo === undefined) return first;
    await migrations.add(to.chat, first.migratedTo);
    return await sendFormatted(part, { line, to: { ...to, chat: first.migratedTo, answered: undefined } }, signal);
  } catch (error) {
    const code = codeOf(error);
    // These are said before anything has left for Telegram.
    if (code === "unavailable" || code === "overloaded")
      return { kind: "kept", receipt: { kind: "retry", reason: renderOwn(error), afterMs: 0 } };
    if (code === "forbidden" || code === "not_found" || code === "too_large")
      return { kind: "kept", receipt: { kind: "failed", reason: renderOwn(error) } };
    throw error;
  }
}

/** With its formatting; and where Telegram cannot read that, once more as it was written. */
async function sendFormatted(
  part: Part,
  { line, to }: { readonly line: Line; readonly to: Address },
  signal: AbortSignal,
): Promise<Sent> {
  const html = part.text === "" ? undefined : toHtml(part.text, charsMaxOf(part));
  const first = await sendOnce(part, { line, to, html }, signal);
  const isUnreadable =
    first.kind === "refused" &&
    first.code === 400 &&
    /can't parse|too long|text must be non-empty|is empty/i.test(first.description);
  return isUnreadable && html !== undefined ? sendOnce(part, { line, to, html: undefined }, signal) : first;
}

async function sendOnce(
  { text, file }: Part,
  { line, to, html }: { readonly line: Line; readonly to: Address; readonly html: string | undefined },
  signal: AbortSignal,
): Promise<Sent> {
  const common = commonOf(to);
  const formatted = html === undefined ? {} : ({ parse_mode: "HTML" } as const);
  if (file !== undefined) {
    const caption = text === "" ? {} : { caption: html ?? text, ...formatted };
    return sendFile(line, { file, common, caption }, signal);
  }
  const wanted = { ...common, text: html ?? text, ...formatted, link_preview_options: { is_disabled: true } };
  return line.api.call<{ readonly message_id: number }>((api, ending) => api.sendMessage(wanted, ending), signal);
}

function commonOf({ chat, thread, answered }: Address): Common {
  return {
    chat_id: chat,
    ...(thread === undefined ? {} : { message_thread_id: thread }),
    // Somebody may have deleted what is answered; the answer is wanted all the same.
    ...(answered === undefined
      ? {}
      : { reply_parameters: { message_id: answered, allow_sending_without_reply: true as const } }),
  };
}

function charsMaxOf({ file }: Part): number {
  return file === undefined ? limits.telegramTextMaxChars : limits.telegramCaptionMaxChars;
}

function receiptOf(refusal: Refusal): Kept["receipt"] {
  const reason = `Telegram says: ${refusal.description} (${refusal.code})`;
  if (refusal.code === 429) return { kind: "retry", reason, afterMs: refusal.retryAfterMs ?? limits.telegramBackoffMs };
  // A token that is not valid now may be by the next attempt; nothing was sent.
  if (refusal.code === 401) return { kind: "retry", reason, afterMs: limits.telegramBackoffMaxMs };
  return { kind: "failed", reason };
}

/** What has arrived must not be sent again, so the rest is given up and said. */
function incomplete(done: number, all: number, reason: string): Receipt {
  return { kind: "failed", reason: `only ${done} of ${all} parts arrived; then: ${reason}` };
}

function renderOwn(error: unknown): string {
  return error instanceof LoricaError ? error.message : "the request could not be made";
}
