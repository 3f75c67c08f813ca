// A plugin is a frozen value that contributes channels, providers, tools and hooks. What ships is one list in main.
import type { ChannelDefinition } from "../channel/channel.ts";
import type { ProviderDefinition } from "../model/model.ts";
import type { Tool } from "../tool/tool.ts";
import type { Hook } from "./hook.ts";

export type { Hook, HookPoint } from "./hook.ts";
export { createObserver } from "./observe.ts";
export type { Observe, ObserverOptions } from "./observe.ts";

export type PluginDefinition = {
  readonly id: string;
  readonly channels?: readonly ChannelDefinition[];
  readonly providers?: readonly ProviderDefinition[];
  readonly tools?: readonly Tool[];
  readonly hooks?: readonly Hook[];
};

export function definePlugin(definition: PluginDefinition): PluginDefinition {
  return Object.freeze(definition);
}
