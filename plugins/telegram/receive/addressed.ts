// Whether a message in a group is meant for the bot. Only what Telegram itself marked in the sender's own message counts;
// words that look like a mention, or that somebody else wrote, do not.
import type { Envelope } from "../../../src/base/envelope.ts";
import type { Me } from "../line.ts";
import { entitiesOf } from "./text.ts";
import type { TelegramMessage } from "./update.ts";

export function addressedOf(message: TelegramMessage, me: Me): NonNullable<Envelope["addressed"]> {
  if (isForwarded(message)) return "no";
  const command = commandOf(message);
  if (command?.bot !== undefined) return isMe(command.bot, me) ? "command" : "no";
  if (mentions(message, me)) return "mention";
  return answersMe(message, me) ? "reply" : "no";
}

/** Also what a sender picked from another bot's offer: it is that bot's text. */
export function isForwarded(message: TelegramMessage): boolean {
  const { forward_origin, forward_from, forward_from_chat, forward_sender_name, forward_date, via_bot } = message;
  const signs = [forward_origin, forward_from, forward_from_chat, forward_sender_name, forward_date, via_bot];
  return message.is_automatic_forward === true || signs.some((sign) => sign !== undefined && sign !== null);
}

/** `/new@our_bot now` is `/new now`, here as in a direct chat. */
export function withoutOwnName(message: TelegramMessage, me: Me, text: string): string {
  const command = commandOf(message);
  if (command?.bot === undefined || !isMe(command.bot, me)) return text;
  return text.startsWith(command.whole) ? `${command.name}${text.slice(command.whole.length)}` : text;
}

function commandOf(message: TelegramMessage) {
  const text = message.text ?? message.caption ?? "";
  const first = entitiesOf(message).find(({ type, offset }) => type === "bot_command" && offset === 0);
  if (first === undefined) return undefined;
  const whole = text.slice(0, first.length);
  const [name = "", bot] = whole.split("@");
  return { whole, name, bot };
}

function mentions(message: TelegramMessage, me: Me): boolean {
  const text = message.text ?? message.caption ?? "";
  return entitiesOf(message).some(({ type, offset, length, user }) => {
    if (type === "text_mention") return user?.id === me.id;
    const named = text.slice(offset, offset + length);
    return type === "mention" && named.startsWith("@") && isMe(named.slice(1), me);
  });
}

function answersMe({ reply_to_message: answered, message_thread_id: thread }: TelegramMessage, me: Me): boolean {
  if (answered?.from?.id !== me.id) return false;
  // In a topic everything answers the message that opened it, which nobody meant.
  return answered.forum_topic_created === undefined && answered.message_id !== thread;
}

function isMe(username: string, me: Me): boolean {
  return me.username !== "" && username.toLowerCase() === me.username.toLowerCase();
}
