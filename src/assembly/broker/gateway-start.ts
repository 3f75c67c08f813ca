// What a gateway process is told when it starts, and again when something of it has changed.
import type { Front } from "../../vault/vault.ts";
import type { GatewayStart } from "../gateway/current.ts";
import { channelTokensAt } from "../settings/channels.ts";
import type { DlpSide } from "./dlp/side.ts";
import type { createHooksSide } from "./hooks/hooks.ts";
import type { KillSide } from "./incident/kill.ts";
import type { NetworkSide } from "./network/network.ts";
import type { Ground } from "./open-parts.ts";
import type { SealSide } from "./seal.ts";
import type { VaultSide } from "./vault.ts";

type Told = {
  readonly seal: Pick<SealSide, "settings">;
  readonly vaultSide: VaultSide;
  readonly front: Front;
  readonly network: NetworkSide;
  readonly hooks: Awaited<ReturnType<typeof createHooksSide>>;
  readonly dlp: DlpSide;
  readonly kill: KillSide;
};

export async function gatewayStart(
  { options, keeper, vault }: Ground,
  { seal, vaultSide, front, network, hooks, dlp, kill }: Told,
  now: Pick<GatewayStart, "listen" | "sandbox">,
): Promise<GatewayStart> {
  const locked = vaultSide.locked();
  return {
    version: options.version,
    config: keeper.config(),
    tokensAt: locked === undefined ? channelTokensAt(keeper.config(), await vault.list()) : {},
    paths: options.paths,
    // A gateway of a locked vault opens no database.
    state: locked === undefined ? await seal.settings() : { key: "", head: null },
    front: await front.settings(),
    locked,
    published: network.published(),
    hooks: hooks.wants(),
    halts: kill.doors(),
    canary: dlp.canary,
    ...now,
  };
}
