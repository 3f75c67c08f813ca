// The suite that every channel must pass, on Telegram.
import { suite } from "node:test";
import { telegramChannel } from "../../plugins/telegram/telegram.ts";
import { systemClock } from "../../src/base/clock.ts";
import { defineChannel } from "../../src/channel/channel.ts";
import type { Channel, ChannelPorts } from "../../src/channel/channel.ts";
import type { Store } from "../../src/store/store.ts";
import { accountOf, fetchAs } from "../faux/telegram/context.ts";
import { openFauxTelegram } from "../faux/telegram/server.ts";
import { conformance } from "./conformance.ts";
import type { PlatformDriver, Spoken } from "./conformance.ts";

// A suite of its own, so that the run knows that this file was heard.
suite("Telegram", () => conformance("Telegram", openTelegramPlatform));

async function openTelegramPlatform(): Promise<PlatformDriver> {
  const telegram = await openFauxTelegram();
  const opened: Channel[] = [];
  let last: Record<string, unknown> = {};
  const ports = (store: Store): ChannelPorts => ({
    accounts: () => [accountOf(telegram.url)],
    fetch: (request, signal) => fetchAs(request, telegram.token, signal),
    state: {
      get: (account, key) => store.channelState.get({ channel: "telegram", account }, key),
      set: (account, key, value) => store.channelState.set({ channel: "telegram", account }, key, value),
    },
    media: store.media,
    commands: [],
    health: () => undefined,
    report: () => undefined,
    clock: systemClock,
  });
  return {
    definition: defineChannel({
      ...telegramChannel,
      create() {
        // What a process polled ends with it.
        for (const channel of opened.splice(0)) void channel.stop();
        const channel = telegramChannel.create();
        opened.push(channel);
        return channel;
      },
    }),
    ports,
    people: { ada: "42", bob: "77" },
    room: "-100200",
    get arrived() {
      return telegram.sent.map(({ chat, text }) => ({ recipient: String(chat), text }));
    },
    async say(spoken) {
      last = { message_id: telegram.calls.length + 10_000, ...messageOf(spoken) };
      await telegram.confirmed(telegram.say(last));
    },
    sayAgain: () => telegram.confirmed(telegram.say(last)),
    async arrivedCount(count) {
      await telegram.sentCount(count);
    },
    hang() {
      const { promise, resolve } = Promise.withResolvers<void>();
      telegram.trouble("sendMessage", { until: promise });
      return resolve;
    },
    async close() {
      await Promise.all(opened.map((channel) => channel.stop()));
      await telegram[Symbol.asyncDispose]();
    },
  };
}

function messageOf({ from, text, room, mention }: Spoken): Record<string, unknown> {
  const sender = { id: Number(from), is_bot: false, first_name: "Somebody" };
  const chat = room === undefined ? { id: sender.id, type: "private" } : { id: Number(room), type: "supergroup" };
  if (mention !== true) return { from: sender, chat, text };
  const entities = [{ type: "mention", offset: 0, length: "@lorica_bot".length }];
  return { from: sender, chat, text: `@lorica_bot ${text}`, entities };
}
