// What is known of a channel's accounts while it runs: how they are, and when something last came and went (CH-025).
import { LoricaError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import type { ChannelAccount, ChannelHealth } from "../../channel/channel.ts";
import type { ChannelState } from "../pipeline.ts";
import type { PipelineOptions } from "../settings.ts";

export type ChannelBook = {
  hear(account: string, health: ChannelHealth): void;
  received(account: string): void;
  sent(account: string): void;
  /** The channel could not be started, so none of its accounts works. */
  failed(error: unknown): void;
  /** It does not run any more. */
  forget(): void;
  view(): Pick<ChannelState, "channel" | "accounts">;
};

type Account = {
  health: ChannelHealth | undefined;
  lastInboundAt: number | undefined;
  lastOutboundAt: number | undefined;
};

export function createBook(
  channel: string,
  {
    accounts,
    clock,
    report,
    changed,
  }: Pick<PipelineOptions, "clock" | "report"> & {
    readonly accounts: () => readonly ChannelAccount[];
    /** An account is better or worse than it was. */
    readonly changed: () => void;
  },
): ChannelBook {
  const known = new Map<string, Account>();
  const nothing: Readonly<Account> = { health: undefined, lastInboundAt: undefined, lastOutboundAt: undefined };
  const of = (id: string): Account => {
    const account = known.get(id) ?? { ...nothing };
    // A channel may say what it likes; only what the config has is kept.
    if (accounts().some((configured) => configured.id === id)) known.set(id, account);
    return account;
  };
  const hear = (id: string, health: ChannelHealth): void => {
    const account = of(id);
    if (JSON.stringify(account.health) === JSON.stringify(health)) return;
    account.health = health;
    changed();
    if (health.state !== "failed") return;
    const fix = health.fix === undefined ? "" : `. ${health.fix}`;
    report(newId(), new LoricaError("unavailable", `${channel}/${id}: ${health.reason}${fix}`));
  };
  return {
    hear,
    received: (id) => void (of(id).lastInboundAt = clock.now()),
    sent: (id) => void (of(id).lastOutboundAt = clock.now()),
    failed(error) {
      const reason = error instanceof LoricaError ? error.message : "it could not be started";
      for (const { id } of accounts()) hear(id, { state: "failed", reason });
    },
    forget() {
      for (const account of known.values()) account.health = undefined;
      changed();
    },
    view: () => ({
      channel,
      accounts: accounts().map(({ id, name }) => ({ id, name, ...nothing, ...known.get(id) })),
    }),
  };
}
