// The owner's settings: one file, one schema. This front door is light, so that commands which need only a path start
// quickly; what needs the schema is loaded when it is called.
export { findAgent, listAgents } from "./agent-settings.ts";
export type { AgentSettings, ToolProfile, ToolSettings } from "./agent-settings.ts";
export { defaultWorkspace, expandHome, resolvePaths } from "./paths.ts";
export type { Environment, PathInputs, StatePaths } from "./paths.ts";
export type { AgentDefaults, AgentEntry, ChannelConfig, Config, ProviderConfig } from "./schema/schema.ts";
export { durationMs, sizeBytes } from "./units.ts";
