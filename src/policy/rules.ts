// Rules are data: config compiles into one list, and the first rule that speaks decides. Modes are rule sets, not
// branches. Step 4 brings labels, exec grammar and approvals; what is here is the tool surface and the walls.
import type { Action, Verb } from "../base/action.ts";
import type { PrincipalKind } from "../base/principal.ts";
import { channelKey } from "../protocol/known/channels.ts";

export type Verdict =
  | { readonly kind: "allow"; readonly rule: string }
  | { readonly kind: "deny"; readonly reason: string; readonly rule: string };

export type Rule = {
  /** Shown to people who ask why. */
  readonly name: string;
  /** Undefined where the rule has nothing to say about this action. */
  readonly judge: (action: Action) => Verdict | undefined;
};

/** What one agent may call, as config states it. */
export type ToolPolicy = {
  readonly profile: "minimal" | "coding" | "messaging" | "full";
  readonly allow: readonly string[] | undefined;
  readonly deny: readonly string[];
};

export type PolicySettings = {
  readonly agents: ReadonlyMap<string, { readonly owner: ToolPolicy; readonly others: ToolPolicy }>;
  /** Undefined while the boot probe has proved that the cell holds; else why there is none. */
  readonly cellOff: string | undefined;
  /** By `channelKey`: the accounts that are switched on. */
  readonly channels?: ReadonlySet<string>;
};

/**
 * Tool name → what it does: a verb, and where several tools share one, the operation that is this one's. A tool that was
 * taken away is gone also for whoever asks without naming it.
 */
const toolActs: Readonly<Record<string, { readonly verb: Verb; readonly operation?: string }>> = {
  exec: { verb: "process.run" },
  process: { verb: "process.control" },
  read: { verb: "file.read", operation: "read" },
  glob: { verb: "file.read", operation: "glob" },
  grep: { verb: "file.read", operation: "grep" },
  write: { verb: "file.write", operation: "write" },
  edit: { verb: "file.write", operation: "edit" },
  apply_patch: { verb: "file.write", operation: "apply_patch" },
  session_status: { verb: "session.inspect" },
};

const groups: Readonly<Record<string, readonly string[]>> = {
  "group:fs": ["read", "write", "edit", "apply_patch", "glob", "grep"],
  "group:runtime": ["exec", "process"],
  "group:sessions": ["session_status"],
  "*": Object.keys(toolActs),
};

const profiles: Readonly<Record<ToolPolicy["profile"], readonly string[]>> = {
  minimal: ["session_status"],
  messaging: ["group:sessions"],
  coding: ["group:fs", "group:runtime", "group:sessions"],
  full: ["*"],
};

const cellVerbs: ReadonlySet<Verb> = new Set(["process.run", "process.control", "file.read", "file.write"]);

/** Names and groups → tool names. A name that nothing is known of is kept aside for a warning and blanks nothing. */
export function expandTools(names: readonly string[]): {
  readonly tools: ReadonlySet<string>;
  readonly unknown: readonly string[];
} {
  const tools = new Set<string>();
  const unknown: string[] = [];
  for (const name of names) {
    const members = lookUp(groups, name) ?? (lookUp(toolActs, name) === undefined ? undefined : [name]);
    if (members === undefined) unknown.push(name);
    else for (const member of members) tools.add(member);
  }
  return { tools, unknown };
}

/** The tools a principal gets from an agent's policy: profile ∩ allow (where given) − deny. Deny always wins. */
export function toolsFor(policy: ToolPolicy): ReadonlySet<string> {
  const tools = new Set(expandTools(profiles[policy.profile]).tools);
  if (policy.allow !== undefined) {
    const allowed = expandTools(policy.allow).tools;
    for (const tool of tools) if (!allowed.has(tool)) tools.delete(tool);
  }
  for (const tool of expandTools(policy.deny).tools) tools.delete(tool);
  return tools;
}

/**
 * What a principal gets of an agent's two policies. Whoever was let in by an open door, and by nobody's word, gets the
 * minimum, whatever the others have (PAIR-004).
 */
export function toolsOfPrincipal(
  policies: { readonly owner: ToolPolicy; readonly others: ToolPolicy },
  kind: PrincipalKind,
): ReadonlySet<string> {
  if (isOwner(kind)) return toolsFor(policies.owner);
  return toolsFor(kind === "member" ? policies.others : { ...policies.others, profile: "minimal" });
}

/** Whether a tool works in the cell, and so not at all while there is none. */
export function needsCell(tool: string): boolean {
  const act = lookUp(toolActs, tool);
  return act !== undefined && cellVerbs.has(act.verb);
}

export function compileRules(settings: PolicySettings): readonly Rule[] {
  const reach = [
    modelRequests(settings),
    channelRequests(settings),
    orders(),
    replies(),
    nodeInvokes(),
    instructions(settings),
  ];
  return [noCell(settings), toolSurface(settings), ...reach];
}

export function firstVerdict(rules: readonly Rule[], action: Action): Verdict {
  for (const rule of rules) {
    const verdict = rule.judge(action);
    if (verdict !== undefined) return verdict;
  }
  return { kind: "deny", reason: `no rule allows ${action.verb}`, rule: "default" };
}

function noCell(settings: PolicySettings): Rule {
  const name = "cell.verified";
  return {
    name,
    judge: (action) =>
      settings.cellOff !== undefined && cellVerbs.has(action.verb)
        ? { kind: "deny", reason: `the sandbox is off: ${settings.cellOff}`, rule: name }
        : undefined,
  };
}

function toolSurface(settings: PolicySettings): Rule {
  const name = "tools.surface";
  const kinds: readonly PrincipalKind[] = ["owner", "system", "member", "stranger"];
  const tools = new Map<string, ReadonlyMap<PrincipalKind, ReadonlySet<string>>>();
  for (const [agentId, policies] of settings.agents)
    tools.set(agentId, new Map(kinds.map((kind) => [kind, toolsOfPrincipal(policies, kind)])));
  return {
    name,
    judge(action) {
      const surface = tools.get(action.agentId);
      const tool = toolOf(action);
      if (surface === undefined || tool === undefined) return undefined;
      if (surface.get(action.principal.kind)?.has(tool) === true) return { kind: "allow", rule: name };
      return { kind: "deny", reason: `the tool policy of this agent does not allow ${tool}`, rule: name };
    },
  };
}

function modelRequests(settings: PolicySettings): Rule {
  const name = "model.configured";
  return {
    name,
    // Which host a provider stands for is the broker's to know: it holds the credential and the base URL.
    judge: (action) =>
      action.verb === "model.request" && settings.agents.has(action.agentId)
        ? { kind: "allow", rule: name }
        : undefined,
  };
}

function replies(): Rule {
  const name = "message.reply";
  return {
    name,
    judge(action) {
      if (action.verb !== "message.send" && action.verb !== "message.signal") return undefined;
      const { channel, account, recipient, answers } = action.resource;
      if (answers?.channel === channel && answers.account === account && answers.recipient === recipient)
        return { kind: "allow", rule: name };
      return { kind: "deny", reason: "it answers no message from there", rule: name };
    },
  };
}

/** What the owner has the gateway write by itself goes where they let somebody in; a reply is never an order. */
function orders(): Rule {
  const name = "message.order";
  return {
    name,
    judge({ verb, principal, resource }) {
      if (verb !== "message.send" || principal.kind !== "owner" || resource.ordered === undefined) return undefined;
      const { channel, account, recipient, ordered } = resource;
      const isThere = ordered.channel === channel && ordered.account === account && ordered.recipient === recipient;
      return isThere ? { kind: "allow", rule: name } : undefined;
    },
  };
}

function channelRequests({ channels }: PolicySettings): Rule {
  const name = "channel.configured";
  return {
    name,
    // As with models, which host that is and with which credential is the broker's to know.
    judge: (action) =>
      action.verb === "channel.request" && channels?.has(channelKey(action.resource.channel, action.resource.account))
        ? { kind: "allow", rule: name }
        : undefined,
  };
}

/** An operator asks, in no agent's name: what an agent may ask of a node comes with approvals. */
function nodeInvokes(): Rule {
  const name = "node.operator";
  return {
    name,
    judge: ({ verb, agentId, principal }) =>
      verb === "node.invoke" && agentId === "" && principal.kind === "owner"
        ? { kind: "allow", rule: name }
        : undefined,
  };
}

/** The owner's word about how an agent behaves. It is no tool's, so no tool list can allow it, and no turn asks for it. */
function instructions({ agents }: PolicySettings): Rule {
  const name = "instructions.owner";
  return {
    name,
    judge: ({ verb, agentId, principal, resource }) =>
      verb === "file.write" && resource.operation === "instruct" && principal.kind === "owner" && agents.has(agentId)
        ? { kind: "allow", rule: name }
        : undefined,
  };
}

function isOwner(kind: PrincipalKind): boolean {
  return kind === "owner" || kind === "system";
}

/** Which tool an action is the work of. */
function toolOf({ verb, resource }: Action): string | undefined {
  const acts = Object.entries(toolActs).filter(([, act]) => act.verb === verb);
  const own = acts.find(([, { operation }]) => operation === undefined || operation === operationOf(resource));
  return own?.[0];
}

function operationOf(resource: Action["resource"]): string | undefined {
  return "operation" in resource ? resource.operation : undefined;
}

/** What every object has is not in the table: config may name a tool `constructor`. */
function lookUp<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
