// What a gateway process goes by at this moment: the settings that it was told last, and what is known of the sandbox.
import { listAgents } from "../../config/agent-settings.ts";
import type { AgentSettings, StatePaths } from "../../config/config.ts";
import type { GatewaySettings } from "../../gateway/gateway.ts";
import type { HaltedDoors } from "./halts.ts";
import type { HookWants } from "../../hook/hook.ts";
import type { ListenAddress } from "../../network/network.ts";
import { notTried } from "../../sandbox/not-tried.ts";
import type { SandboxStatus } from "../../sandbox/sandbox.ts";
import type { StateStart } from "./state.ts";
import type { FrontSettings } from "../../vault/vault.ts";
import type { ChannelStart } from "../settings/channels.ts";

/** What the broker tells a gateway. Of all secrets only the key of its own state is among it. */
export type GatewayStart = ChannelStart & {
  readonly version: string;
  readonly paths: StatePaths;
  readonly state: StateStart;
  /** Hashes of what clients prove themselves with, and the port's certificate. */
  readonly front: FrontSettings;
  /** What the descriptors that were passed in are to be bound to. */
  readonly listen: readonly ListenAddress[];
  readonly published: GatewaySettings["access"]["published"];
  /** What opens the vault, where it is locked: then this gateway serves nobody, and holds nothing. */
  readonly locked?: string | undefined;
  /** Undefined while the boot probe is running. */
  readonly sandbox: SandboxStatus | undefined;
  /** What the owner has stopped, of what the gateway does by itself. */
  readonly halts: HaltedDoors;
  /** Whether the broker has hooks to ask. */
  readonly hooks: HookWants;
  /** The marker of the system prompt. */
  readonly canary: string;
};

/** What holds now: the settings of the last `configure`, and what is known of the sandbox. */
export type Current = {
  readonly start: () => GatewayStart;
  readonly agents: () => readonly AgentSettings[];
  readonly sandbox: () => SandboxStatus;
  /** Why there is no cell. While the probe is running there is no reason yet: turns wait for it. */
  readonly cellOff: () => string | undefined;
  /** Resolves once the boot probe has ended, whatever it found. */
  readonly sandboxTried: Promise<void>;
  replace(next: GatewayStart): void;
};

export function createCurrent(first: GatewayStart): Current {
  const tried = Promise.withResolvers<void>();
  let start = first;
  let agents = listAgents(first.config, first.paths);
  if (first.sandbox !== undefined) tried.resolve();
  return {
    start: () => start,
    agents: () => agents,
    sandbox: () => start.sandbox ?? notTried,
    cellOff: () => (start.sandbox?.kind === "off" ? start.sandbox.reason : undefined),
    sandboxTried: tried.promise,
    replace(next) {
      start = { ...next, sandbox: next.sandbox ?? start.sandbox };
      agents = listAgents(next.config, next.paths);
      if (start.sandbox !== undefined) tried.resolve();
    },
  };
}
