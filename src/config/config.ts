// The owner's settings: one file, one schema. This front door is light, so that commands which need only a path start
// quickly; what needs the schema is loaded when it is called.
import type { Loaded, LoadOptions } from "./load.ts";

export { findAgent, listAgents } from "./agent-settings.ts";
export type { AgentSettings, ToolProfile, ToolSettings } from "./agent-settings.ts";
export type { Environment } from "./environment.ts";
export type { InvalidConfig, Loaded, LoadedConfig, LoadOptions } from "./load.ts";
export { defaultWorkspace, expandHome, resolvePaths } from "./paths.ts";
export type { PathInputs, StatePaths } from "./paths.ts";
export { renderIssues } from "./read/issue.ts";
export type { Issue, Notice, Place } from "./read/issue.ts";
export type { AgentDefaults, AgentEntry, ChannelConfig, Config, ProviderConfig } from "./schema/schema.ts";
export { durationMs, sizeBytes } from "./units.ts";

/** Reads the config file and everything it includes. Never throws for what stands in them. */
export async function loadConfig(options: LoadOptions): Promise<Loaded> {
  const { loadConfig: load } = await import("./load.ts");
  return load(options);
}
