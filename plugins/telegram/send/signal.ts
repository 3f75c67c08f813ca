// What is shown while an answer is being made. Losing one is no loss, so nothing of it is tried again.
import { LoricaError } from "../../../src/base/errors.ts";
import type { ReplyAddress } from "../../../src/base/envelope.ts";
import type { OutgoingSignal } from "../../../src/channel/channel.ts";
import type { Answer, BotApi, Methods } from "../api.ts";
import { addressOf, numberOf } from "./address.ts";
import type { Address } from "./address.ts";
import type { Sending } from "./send.ts";

export async function showSignal(
  { to: address, what }: { readonly to: ReplyAddress; readonly what: OutgoingSignal },
  { line, drafts, migrations }: Sending,
  signal: AbortSignal,
): Promise<void> {
  const to = addressOf(address, migrations);
  if (to === undefined)
    throw new LoricaError("invalid_request", `${address.recipient} is not the number of a Telegram chat`);
  if (what.kind === "draft") return drafts.show(to, what, signal);
  const answer =
    what.kind === "typing" ? await type(line.api, to, signal) : await react(line.api, { to, what }, signal);
  if (answer.kind === "refused" && answer.code !== 429)
    throw new LoricaError("upstream", `Telegram refused to show a ${what.kind}: ${answer.description}`);
}

async function type(api: BotApi, { chat, thread }: Address, signal: AbortSignal): Promise<Answer<true>> {
  const where = { chat_id: chat, ...(thread === undefined ? {} : { message_thread_id: thread }) };
  return api.call((methods, ending) => methods.sendChatAction({ ...where, action: "typing" }, ending), signal);
}

type Reaction = Extract<OutgoingSignal, { readonly kind: "reaction" }>;

async function react(
  api: BotApi,
  { to, what }: { readonly to: Address; readonly what: Reaction },
  signal: AbortSignal,
): Promise<Answer<true>> {
  const messageId = numberOf(what.messageId);
  if (messageId === undefined)
    throw new LoricaError("invalid_request", `${what.messageId} is not the number of a Telegram message`);
  const reaction = what.emoji === null ? [] : [{ type: "emoji" as const, emoji: emojiOf(what.emoji) }];
  const wanted = { chat_id: to.chat, message_id: messageId, reaction };
  return api.call((methods, ending) => methods.setMessageReaction(wanted, ending), signal);
}

type ReactionEmoji = Extract<
  NonNullable<Parameters<Methods["setMessageReaction"]>[0]["reaction"]>[number],
  { readonly type: "emoji" }
>["emoji"];

/** The only ones that Telegram lets a bot use. */
const reactionEmoji = (
  "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 " +
  "👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡"
).split(" ") as readonly ReactionEmoji[];

function emojiOf(wanted: string): ReactionEmoji {
  // Keyboards add a selector for the coloured form, which Telegram leaves out.
  const bare = wanted.replaceAll("\u{FE0F}", "");
  const found = reactionEmoji.find((emoji) => emoji === bare);
  if (found === undefined)
    throw new LoricaError("invalid_request", `Telegram has no reaction ${wanted}; it has ${reactionEmoji.join(" ")}`);
  return found;
}
