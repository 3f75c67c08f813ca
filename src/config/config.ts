// The owner's settings: one file, one schema. This front door is light, so that commands which need only a path start
// quickly; what needs the schema is loaded when it is called.
import type { Json } from "../base/json.ts";
import type { ConfigChange } from "./file.ts";
import type { Loaded, LoadOptions } from "./load.ts";
import type { Path } from "./read/issue.ts";
import type { KeyDescription } from "./reference.ts";
import type { Config } from "./schema/schema.ts";

export { listAgents } from "./agent-settings.ts";
export type { AgentSettings, ToolProfile, ToolSettings } from "./agent-settings.ts";
export { parseDotEnv, secretNameOfVariable } from "./calls.ts";
export { createConfigCalls, createRemoteConfig, parseAssignment, parseConfigPath, viewConfig } from "./calls.ts";
export type { ConfigCalls, RemoteChange, RemoteConfig, RemoteView } from "./calls.ts";
export { createConfigFile, listConfigVersions } from "./file.ts";
export type {
  ConfigChange,
  ConfigFile,
  ConfigFileOptions,
  ConfigReload,
  ConfigVersion,
  Edit,
  EditOptions,
  EditResult,
  Finding,
  JournalEntry,
  Sealing,
} from "./file.ts";
export type { InvalidConfig, Loaded, LoadedConfig, LoadOptions } from "./load.ts";
export { expandHome, lockMeetingDir, resolvePaths } from "./paths.ts";
export type { Environment, PathInputs, StatePaths } from "./paths.ts";
export { renderIssues } from "./read/issue.ts";
export type { Issue, Notice, Path, Place } from "./read/issue.ts";
export type { KeyDescription } from "./reference.ts";
export type { AgentDefaults, AgentEntry, ChannelConfig, Config, ProviderConfig } from "./schema/schema.ts";
export { workspaceTemplates } from "./state/workspace-templates.ts";
export { findForeignState, prepareStateDir } from "./state/state-dir.ts";
export { durationMs, sizeBytes } from "./units.ts";

export async function renderChanges(changes: readonly ConfigChange[]): Promise<string> {
  return (await import("./diff.ts")).renderChanges(changes);
}

/** What a running gateway may take of a changed config, and which keys wait for its next start. */
export async function holdBack(
  running: Config,
  next: Config,
): Promise<{ readonly config: Config; readonly waiting: readonly string[] }> {
  return (await import("./diff.ts")).holdBack(running, next);
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
  return (await import("./state/lock.ts")).lockStateDir(options);
}

/** Everything that the file says, secrets that stand in it included: for whoever is about to use them, and nobody else. */
export async function loadConfig(options: LoadOptions): Promise<Loaded> {
  return (await import("./load.ts")).loadConfig(options);
}

/** What each host that the config names is told about who calls. */
export async function listIdentities(
  config: Config,
  version: string,
): Promise<readonly { readonly host: string; readonly headers: Readonly<Record<string, string>> }[]> {
  return (await import("./identity/outgoing.ts")).listIdentities(config, version);
}
