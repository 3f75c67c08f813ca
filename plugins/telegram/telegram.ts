// Telegram: people write to a bot, the bot answers. Its token is the broker's; here is a placeholder.
import { LoricaError } from "../../src/base/errors.ts";
import { limits } from "../../src/base/limits.ts";
import { defineChannel } from "../../src/channel/channel.ts";
import type { Channel } from "../../src/channel/channel.ts";
import { definePlugin } from "../../src/plugin/plugin.ts";
import type { Running } from "./running.ts";
import { route } from "./settings.ts";

export const telegramChannel = defineChannel({
  id: "telegram",
  capabilities: {
    // Telegram has no key for a message: the same one sent twice is there twice.
    idempotentSend: false,
    textMaxChars: limits.telegramTextMaxChars,
    mediaMaxBytes: limits.telegramUploadMaxBytes,
    signals: ["typing", "reaction", "draft"],
  },
  senders: "stranger",
  route,
  create: createTelegram,
});

export const telegram = definePlugin({ id: "telegram", channels: [telegramChannel] });

function createTelegram(): Channel {
  let running: Running | undefined;
  const started = (): Running => {
    if (running === undefined) throw new LoricaError("unavailable", "Telegram is not running");
    return running;
  };
  return {
    async start(context) {
      const { runAccounts } = await import("./running.ts");
      running = runAccounts(context);
    },
    send: async (grant, message, signal) => started().send(grant, message, signal),
    signal: async (grant, showing, ending) => started().signal(grant, showing, ending),
    webhook: async (request, signal) => started().webhook(request, signal),
    stop: async () => running?.stop(),
  };
}
