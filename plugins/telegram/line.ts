// One account while it runs: its way to Telegram, who it is there, and what it says about its health.
import type { ChannelAccount, ChannelContext, ChannelHealth } from "../../src/channel/channel.ts";
import { createBotApi } from "./api.ts";
import type { BotApi } from "./api.ts";
import { apiRootOf } from "./settings.ts";

export type Me = { readonly id: number; readonly username: string };

export type Line = {
  readonly id: string;
  readonly context: ChannelContext;
  readonly api: BotApi;
  /** The account as the config has it now. */
  readonly account: () => ChannelAccount;
  readonly health: (health: ChannelHealth) => void;
  readonly signal: AbortSignal;
};

export function createLine(first: ChannelAccount, context: ChannelContext, signal: AbortSignal): Line {
  const { id } = first;
  let said = "";
  return {
    id,
    context,
    signal,
    api: createBotApi({ account: id, root: apiRootOf(first), fetch: context.fetch }),
    account: () => context.accounts().find((account) => account.id === id) ?? first,
    health(health) {
      const saying = JSON.stringify(health);
      if (saying === said) return;
      said = saying;
      context.health(id, health);
    },
  };
}
