// Step 1, the pure part: one update becomes an envelope, or the reason why it does not. It never throws, whatever it is
// given, and it never names a sender whom Telegram did not name as a person.
import type { Chat, Envelope, Quote } from "../../../src/base/envelope.ts";
import type { Me } from "../line.ts";
import { addressedOf, isForwarded, withoutOwnName } from "./addressed.ts";
import { filesOf } from "./files.ts";
import type { RemoteFile } from "./files.ts";
import { fullName, quotedTextOf, textOf } from "./text.ts";
import { updateSchema } from "./update.ts";
import type { Origin, TelegramMessage, TelegramUser } from "./update.ts";

export type Incoming = {
  /** Without its files: those are fetched once it is known that the sender is let in. */
  readonly envelope: Envelope;
  readonly files: readonly RemoteFile[];
  /** Messages with the same one were sent as one. */
  readonly album: string | undefined;
};

export type Reading =
  | { readonly kind: "message"; readonly incoming: Incoming }
  /** A group has got another id. */
  | { readonly kind: "migrated"; readonly from: number; readonly to: number }
  | { readonly kind: "ignored"; readonly reason: string }
  | { readonly kind: "unreadable"; readonly reason: string };

export type ReadingFor = {
  readonly me: Me;
  readonly account: string;
  readonly id: string;
  readonly now: number;
  readonly mediaMaxBytes: number;
};

/** What Telegram's own stand-ins for "somebody in the name of a chat" are called. */
const standIns: ReadonlySet<number> = new Set([136_817_688, 777_000, 1_087_968_824]);

export function toEnvelope(update: unknown, reading: ReadingFor): Reading {
  const parsed = updateSchema.safeParse(update);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join(".") ?? "";
    return { kind: "unreadable", reason: where === "" ? "it is not an update" : `${where} is not as documented` };
  }
  const { message } = parsed.data;
  if (message === undefined) return { kind: "ignored", reason: "not a message" };
  if (message.migrate_to_chat_id !== undefined)
    return { kind: "migrated", from: message.chat.id, to: message.migrate_to_chat_id };
  const sender = senderOf(message);
  if (typeof sender === "string") return { kind: "ignored", reason: sender };
  const text = withoutOwnName(message, reading.me, textOf(message));
  const files = filesOf(message, reading.mediaMaxBytes);
  if (text === "" && files.length === 0) return { kind: "ignored", reason: "nothing that anybody said" };
  return {
    kind: "message",
    incoming: { envelope: envelopeOf({ message, sender, text }, reading), files, album: message.media_group_id },
  };
}

/** Who is recognised by their number, and nobody by a name; whoever has none here is nobody. */
function senderOf(message: TelegramMessage): TelegramUser | string {
  const { from, chat } = message;
  if (chat.type === "channel") return "a channel's posts have no person behind them";
  if (from === undefined) return "no sender";
  if (message.sender_chat !== undefined || standIns.has(from.id)) return "the sender is a chat and not a person";
  if (chat.type === "private" && chat.id !== from.id) return "the sender is not whom the chat is with";
  if (chat.type !== "private" && chat.id >= 0) return "the chat's kind and its id do not fit";
  return from;
}

type Said = { readonly message: TelegramMessage; readonly sender: TelegramUser; readonly text: string };

function envelopeOf({ message, sender, text }: Said, reading: ReadingFor): Envelope {
  const { me, account, id, now } = reading;
  const messageId = String(message.message_id);
  const quote = quoteOf(message);
  const isForward = isForwarded(message);
  return {
    id,
    channel: "telegram",
    account,
    // With the bot's own number: each bot counts anew in a direct chat, and an account may be given another bot.
    dedupeKey: `${me.id}:${message.chat.id}:${messageId}`,
    chat: chatOf(message),
    sender: { id: String(sender.id), name: nameOf(sender), ...(sender.is_bot ? { isBot: true } : {}) },
    ...(message.chat.type === "private" ? {} : { addressed: addressedOf(message, me) }),
    messageId,
    ...(quote === undefined ? {} : { quote }),
    ...(isForward ? { forwardedFrom: authorOf(message) } : {}),
    text: text.toWellFormed().replaceAll("\0", ""),
    media: [],
    receivedAt: now,
    request: {},
  };
}

function chatOf({ chat, is_topic_message: isTopic, message_thread_id: thread }: TelegramMessage): Chat {
  return {
    kind: chat.type === "private" ? "direct" : "group",
    id: String(chat.id),
    // Outside of topics the number only says which message an answer began with.
    ...(isTopic === true && thread !== undefined ? { thread: String(thread) } : {}),
    ...(chat.title === undefined ? {} : { title: plain(chat.title) }),
  };
}

function quoteOf(message: TelegramMessage): Quote | undefined {
  const { reply_to_message: answered, external_reply: elsewhere, quote } = message;
  if (answered !== undefined && answered.forum_topic_created === undefined) {
    const { from, sender_chat: chat } = answered;
    const sender = chat?.title ?? (from === undefined ? "" : nameOf(from));
    const said = (quote?.text ?? quotedTextOf(answered)).toWellFormed().replaceAll("\0", "");
    const senderId = String(chat?.id ?? from?.id ?? "");
    return { messageId: String(answered.message_id), senderId, sender: plain(sender), text: said };
  }
  if (elsewhere === undefined || quote === undefined) return undefined;
  const text = quote.text.toWellFormed().replaceAll("\0", "");
  return { messageId: "", senderId: "", sender: plain(originName(elsewhere.origin)), text };
}

function authorOf({ forward_origin: origin, via_bot: bot }: TelegramMessage): string {
  if (origin !== undefined) return plain(originName(origin));
  return bot === undefined ? "somebody who is not named" : plain(nameOf(bot));
}

function originName(origin: Origin): string {
  if (origin.type === "user") return nameOf(origin.sender_user);
  if (origin.type === "hidden_user") return origin.sender_user_name;
  return (origin.type === "chat" ? origin.sender_chat.title : origin.chat.title) ?? "a chat";
}

function nameOf(user: TelegramUser): string {
  const name = fullName(user) || String(user.id);
  return plain(user.username === undefined ? name : `${name} (@${user.username})`);
}

/** Names are anybody's text: one line, and not a long one. */
function plain(name: string): string {
  const line = name.toWellFormed().replaceAll(/[\p{Cc}\p{Cf}]/gu, " ");
  return Array.from(line).slice(0, 200).join("").trim();
}
