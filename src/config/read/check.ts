// What the schema cannot say by itself: keys that must agree with each other, and values that are valid but dangerous.
// A dangerous value is refused until the owner has written down that it is meant (CFG-019).
import { isAbsolute, relative, sep } from "node:path";
import { edgeProblems } from "../check/edge.ts";
import { listAgents } from "../agent-settings.ts";
import { expandHome } from "../paths.ts";
import type { StatePaths } from "../paths.ts";
import { knownIds, knownPlace, ownerOfHost } from "../providers.ts";
import { findKnownProvider, inferApi } from "../../protocol/providers.ts";
import { checkDangers } from "../dangers/check.ts";
import type { Config } from "../schema/schema.ts";
import { renderPath } from "./issue.ts";
import type { Findings, Path } from "./issue.ts";
import { nearest } from "./nearest.ts";
import { modelRefs, providerOf } from "./settle.ts";
import { placeOf } from "./tree.ts";
import type { Tree } from "./tree.ts";

export type Checking = {
  readonly config: Config;
  readonly tree: Tree;
  readonly paths: StatePaths;
  readonly findings: Findings;
  /** What is not in force any more, though it is written. */
  readonly lapsed: readonly string[];
};

export function check(checking: Checking): void {
  checkEdge(checking);
  checkAgents(checking);
  checkWorkspaces(checking);
  checkBackends(checking);
  checkModels(checking);
  checkProviders(checking);
  checkDangers(checking);
}

/** A problem at a path of the checked config. */
function refuse({ findings, tree }: Checking, path: Path, message: string): void {
  findings.refuse(renderPath(path), message, placeOf(tree, path));
}

function checkEdge(checking: Checking): void {
  for (const { path, message } of edgeProblems(checking.config)) refuse(checking, path, message);
  const { heartbeat, userTimezone } = checking.config.agents.defaults;
  checkTimezone(checking, ["agents", "defaults", "userTimezone"], userTimezone);
  checkTimezone(
    checking,
    ["agents", "defaults", "heartbeat", "activeHours", "timezone"],
    heartbeat.activeHours?.timezone,
  );
  checking.config.messages.groupChat.mentionPatterns.forEach((pattern, at) => {
    if (!isPattern(pattern))
      refuse(checking, ["messages", "groupChat", "mentionPatterns", at], "is not a regular expression");
  });
  checking.config.logging.redactPatterns.forEach((pattern, at) => {
    if (!isPattern(pattern)) refuse(checking, ["logging", "redactPatterns", at], "is not a regular expression");
  });
}

function checkAgents(checking: Checking): void {
  const { list, defaults } = checking.config.agents;
  const ids = list.length === 0 ? ["main"] : list.map((agent) => agent.id);
  list.forEach((agent, at) => {
    if (ids.indexOf(agent.id) !== at)
      refuse(checking, ["agents", "list", at, "id"], "is the id of an earlier agent too");
  });
  const chosen = list.flatMap((agent, at) => (agent.default ? [at] : []));
  if (chosen.length > 1)
    refuse(checking, ["agents", "list", chosen[1] ?? 0, "default"], "only one agent can be the default");
  const known = (path: Path, id: string): void => {
    if (!ids.includes(id)) refuse(checking, path, `no such agent${meant(id, ids)}`);
  };
  checking.config.bindings.forEach((binding, at) => known(["bindings", at, "agentId"], binding.agentId));
  defaults.subagents.allowAgents.forEach((id, at) => known(["agents", "defaults", "subagents", "allowAgents", at], id));
  list.forEach((agent, index) =>
    agent.subagents?.allowAgents?.forEach((id, at) =>
      known(["agents", "list", index, "subagents", "allowAgents", at], id),
    ),
  );
}

/** A cell sees its workspace. Config, keys and state must not be in there, whoever drew the path (C-25). */
function checkWorkspaces(checking: Checking): void {
  const { config, paths } = checking;
  const written: { path: Path; workspace: string | undefined }[] = [
    { path: ["agents", "defaults", "workspace"], workspace: config.agents.defaults.workspace },
    ...config.agents.list.map((agent, at) => ({
      path: ["agents", "list", at, "workspace"],
      workspace: agent.workspace,
    })),
  ];
  const own = [
    paths.credentials,
    paths.state,
    paths.logs,
    paths.run,
    paths.agents,
    paths.identity,
    paths.media,
    paths.cache,
  ];
  for (const { path, workspace } of written) {
    if (workspace === undefined) continue;
    const folder = expandHome(workspace, paths.home);
    if (holds(folder, paths.stateDir) || holds(folder, paths.configPath) || holds(folder, paths.home))
      refuse(
        checking,
        path,
        "holds the state directory or the home directory; an agent would see keys and config. Use a folder of its own",
      );
    else if (own.some((inner) => holds(inner, folder)))
      refuse(checking, path, "is inside Lorica's own state; use a folder of its own");
  }
  const agents = listAgents(config, paths);
  agents.forEach((agent, at) => {
    const other = agents
      .slice(0, at)
      .find((one) => holds(one.workspace, agent.workspace) || holds(agent.workspace, one.workspace));
    if (other === undefined || other.id === agent.id) return;
    // The grant: both say so, and they mean the same folder.
    const granted = agent.sandbox.scope === "shared" && other.sandbox.scope === "shared";
    if (granted && agent.workspace === other.workspace) return;
    const index = config.agents.list.findIndex((entry) => entry.id === agent.id);
    const what = `is, holds or lies in the workspace of ${other.id}; give each agent a folder of its own, or both \`sandbox.scope: "shared"\` and the same folder`;
    refuse(checking, ["agents", "list", index, "workspace"], what);
  });
}

function checkBackends({ config, paths, findings }: Checking): void {
  for (const agent of listAgents(config, paths))
    if (agent.sandbox.backend === "docker")
      findings.note(
        "agents",
        `the docker backend is not built yet: ${agent.id} gets the bubblewrap cell, which is as tight`,
      );
}

function checkModels(checking: Checking): void {
  const { models } = checking.config.agents.defaults;
  const aliases = new Map<string, string>();
  for (const [ref, settings] of Object.entries(models)) {
    if (settings.alias === undefined) continue;
    if (aliases.has(settings.alias))
      refuse(checking, ["agents", "defaults", "models", ref, "alias"], `"${settings.alias}" stands for two models`);
    aliases.set(settings.alias, ref);
  }
  const own = new Set(
    checking.config.agents.list.flatMap((agent) => Object.values(agent.models).map(({ alias }) => alias)),
  );
  const providers = Object.keys(checking.config.models.providers);
  for (const { path, ref } of modelRefs(checking.config)) {
    const provider = providerOf(ref);
    if (aliases.has(ref) || own.has(ref)) continue;
    if (provider === undefined)
      refuse(checking, path, `is neither provider/model nor an alias${meant(ref, [...aliases.keys()])}`);
    else if (!providers.includes(provider))
      refuse(
        checking,
        path,
        `names a provider that is not configured${meant(provider, [...providers, ...knownIds])}; add models.providers.${provider}`,
      );
  }
}

function checkProviders(checking: Checking): void {
  for (const [id, provider] of Object.entries(checking.config.models.providers)) {
    const path: Path = ["models", "providers", id];
    const why = findKnownProvider(id)?.notBuilt;
    if (why !== undefined) refuse(checking, path, why);
    if (provider.baseUrl === undefined) {
      refuse(checking, [...path, "baseUrl"], "is missing; the name alone does not say where this provider is");
      continue;
    }
    const url = new URL(provider.baseUrl);
    if (url.username !== "" || url.password !== "")
      refuse(checking, [...path, "baseUrl"], "holds a user name or password; put the credential in apiKey");
    const owner = ownerOfHost(provider.baseUrl);
    const known = knownPlace(id);
    if (owner === undefined || owner.id === id) continue;
    // C-16: a provider's own name at another provider's address is a switch that was made halfway.
    if (known !== undefined && known.api !== owner.api && inferApi(provider.baseUrl) === owner.api)
      refuse(
        checking,
        [...path, "baseUrl"],
        `${url.host} is ${owner.name}, not ${id}. To switch, run: lorica config set provider.name ${owner.id}`,
      );
    else if (
      provider.api !== undefined &&
      inferApi(provider.baseUrl) !== provider.api &&
      !sameFamily(provider.api, owner.api)
    )
      refuse(checking, [...path, "api"], `${url.host} speaks ${owner.api}; set api to that, or leave it out`);
  }
}

function sameFamily(left: string, right: string): boolean {
  return left.split("-")[0] === right.split("-")[0];
}

function holds(outer: string, inner: string): boolean {
  const way = relative(outer, inner);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

function meant(name: string, names: readonly string[]): string {
  const close = nearest(name, names);
  return close === undefined ? "" : `; did you mean "${close}"?`;
}

function checkTimezone(checking: Checking, path: Path, zone: string | undefined): void {
  if (zone === undefined) return;
  try {
    Intl.DateTimeFormat("en", { timeZone: zone });
  } catch (error) {
    // Only a RangeError says that there is no such zone.
    if (!(error instanceof RangeError)) throw error;
    refuse(checking, path, "is not a time zone; they are written like Europe/Berlin");
  }
}

function isPattern(source: string): boolean {
  try {
    return new RegExp(source, "u") instanceof RegExp;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
