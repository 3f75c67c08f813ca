// What one agent has in the end: its own entry, then the defaults, then what is built in (CFG-031).
import type { StatePaths } from "./paths.ts";
import { defaultWorkspace, expandHome } from "./paths.ts";
import type { AgentDefaults, AgentEntry, Config } from "./schema/schema.ts";

export type ToolProfile = "minimal" | "coding" | "messaging" | "full";

/** What an agent may call, in the shape that policy compiles. */
export type ToolSettings = {
  readonly profile: ToolProfile;
  readonly allow: readonly string[] | undefined;
  readonly deny: readonly string[];
};

export type AgentSettings = Omit<AgentDefaults, "tools" | "workspace" | "models"> & {
  readonly id: string;
  readonly isDefault: boolean;
  readonly name: string;
  readonly description: string | undefined;
  /** Absolute. */
  readonly workspace: string;
  readonly models: AgentDefaults["models"];
  readonly identity: AgentEntry["identity"];
  readonly mentionPatterns: readonly string[];
  readonly tools: {
    readonly owner: ToolSettings;
    readonly others: ToolSettings;
    /** Tool calls of one turn that run at once. */
    readonly concurrentMax: number;
  };
};

/** All agents, the default one first. A config without a list has one agent, `main`. */
export function listAgents(config: Config, paths: StatePaths): readonly AgentSettings[] {
  const entries = config.agents.list;
  const chosen = entries.find((entry) => entry.default) ?? entries[0];
  const rest = entries.filter((entry) => entry !== chosen);
  return [chosen, ...rest].map((entry, index) => settle(config, entry, { paths, isDefault: index === 0 }));
}

export function findAgent(config: Config, paths: StatePaths, id: string): AgentSettings | undefined {
  return listAgents(config, paths).find((agent) => agent.id === id);
}

type Place = { readonly paths: StatePaths; readonly isDefault: boolean };

function settle(config: Config, entry: AgentEntry | undefined, place: Place): AgentSettings {
  const defaults = config.agents.defaults;
  const id = entry?.id ?? "main";
  const inherited = layered(defaults, { ...entry, tools: undefined, models: undefined }) as AgentDefaults;
  const workspace = entry?.workspace ?? (place.isDefault ? defaults.workspace : undefined);
  return {
    ...inherited,
    id,
    isDefault: place.isDefault,
    name: entry?.name ?? entry?.identity.name ?? id,
    description: entry?.description,
    workspace:
      workspace === undefined
        ? defaultWorkspace(place.paths, id, place.isDefault)
        : expandHome(workspace, place.paths.home),
    models: { ...defaults.models, ...entry?.models },
    identity: entry?.identity ?? {},
    mentionPatterns: entry?.groupChat.mentionPatterns ?? [],
    tools: {
      owner: toolSettings(config, entry, "coding"),
      others: toolSettings(config, entry, "messaging"),
      concurrentMax: config.tools.maxConcurrent,
    },
  };
}

/**
 * The nearest profile and allow list count; denials add up, so that no entry can take one back (TOOL policy: deny
 * wins). A missing profile is never `full` (C-23).
 */
function toolSettings(config: Config, entry: AgentEntry | undefined, unset: ToolProfile): ToolSettings {
  const layers = [entry?.tools, config.agents.defaults.tools, config.tools];
  const allows = [
    layers.find((layer) => layer?.allow !== undefined)?.allow,
    layers.find((layer) => layer?.sandbox?.tools?.allow !== undefined)?.sandbox?.tools?.allow,
  ].filter((list) => list !== undefined);
  const denied = layers.flatMap((layer) => [...(layer?.deny ?? []), ...(layer?.sandbox?.tools?.deny ?? [])]);
  if (config.tools.exec.security === "deny") denied.push("exec", "process");
  if (!config.tools.exec.applyPatch.enabled) denied.push("apply_patch");
  return {
    profile: layers.find((layer) => layer?.profile !== undefined)?.profile ?? unset,
    allow: intersection(allows),
    deny: [...new Set(denied)],
  };
}

function intersection(lists: readonly (readonly string[])[]): readonly string[] | undefined {
  const [first, ...rest] = lists;
  return first === undefined ? undefined : first.filter((name) => rest.every((list) => list.includes(name)));
}

/** Objects are laid over each other key by key; lists and plain values replace. */
function layered(below: unknown, above: unknown): unknown {
  if (above === undefined) return below;
  if (!isPlain(below) || !isPlain(above)) return above;
  const result: Record<string, unknown> = { ...below };
  for (const [name, value] of Object.entries(above)) result[name] = layered(below[name], value);
  return result;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
