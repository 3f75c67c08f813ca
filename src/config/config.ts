// The owner's settings: one file, one schema. This front door is light, so that commands which need only a path start
// quickly; what needs the schema is loaded when it is called.
import type { Json } from "../base/json.ts";
import type { Parsed } from "../base/parsed.ts";
import type { ConfigChange } from "./file.ts";
import type { Path } from "./read/issue.ts";
import type { KeyDescription } from "./reference.ts";
import type { Config } from "./schema/schema.ts";

export { listAgents } from "./agent-settings.ts";
export type { AgentSettings, ToolProfile, ToolSettings } from "./agent-settings.ts";
export { createConfigFile } from "./file.ts";
export type {
  ConfigChange,
  ConfigFile,
  ConfigFileOptions,
  ConfigReload,
  ConfigVersion,
  Edit,
  EditOptions,
  EditResult,
  JournalEntry,
} from "./file.ts";
export type { InvalidConfig, Loaded, LoadedConfig, LoadOptions } from "./load.ts";
export { lockMeetingDir, resolvePaths } from "./paths.ts";
export type { Environment, PathInputs, StatePaths } from "./paths.ts";
export { renderIssues } from "./read/issue.ts";
export type { Issue, Notice, Path, Place } from "./read/issue.ts";
export type { KeyDescription } from "./reference.ts";
export type { AgentDefaults, AgentEntry, ChannelConfig, Config, ProviderConfig } from "./schema/schema.ts";
export { findForeignState, prepareStateDir } from "./state-dir.ts";
export { durationMs, sizeBytes } from "./units.ts";

export async function renderChanges(changes: readonly ConfigChange[]): Promise<string> {
  return (await import("./diff.ts")).renderChanges(changes);
}

/** A path and a value as somebody typed them behind `config set`. */
export async function parseAssignment(key: string, typed: string): Promise<Parsed<{ path: Path; value: Json }>> {
  const { parseValue } = await import("./edit/value.ts");
  const path = await parseConfigPath(key);
  if (!path.ok) return path;
  const value = parseValue(path.value, typed);
  return value.ok ? { ok: true, value: { path: path.value, value: value.value } } : value;
}

export async function parseConfigPath(key: string): Promise<Parsed<Path>> {
  return (await import("./edit/path.ts")).parsePath(key);
}

/** What `config get` shows: the whole, or the part at a key under its present or an earlier name. No secret is in it. */
export async function viewConfig(config: Config, path: Path = []): Promise<Json | undefined> {
  const [{ partOf, redactConfig }, { presentView }] = await Promise.all([
    import("./view.ts"),
    import("./edit/translate.ts"),
  ]);
  return presentView(path, config, (present) => partOf(redactConfig(config), present));
}

export async function describeKey(path: Path): Promise<KeyDescription | undefined> {
  return (await import("./reference.ts")).describeKey(path);
}

/** JSON Schema of the config file. */
export async function configJsonSchema(): Promise<Json> {
  return (await import("./reference.ts")).jsonSchema();
}

/** One gateway for each state directory, workspace, config file and port: throws `locked` for what is taken. */
export async function lockStateDir(options: {
  readonly stateDir: string;
  readonly configPath: string;
  readonly workspaces: readonly string[];
  readonly port: number;
  readonly meetingDir: string;
}): Promise<{ release(): void }> {
  return (await import("./lock.ts")).lockStateDir(options);
}
