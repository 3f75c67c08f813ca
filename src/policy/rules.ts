// Rules are data: config compiles into one list, and the first rule that speaks decides. Modes are rule sets, not
// branches. Step 4 brings labels, exec grammar and approvals; what is here is the tool surface and the walls.
import type { Action, Verb } from "../base/action.ts";
import type { PrincipalKind } from "../base/principal.ts";

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
};

/** Tool name → the verbs it needs. */
const toolVerbs: Readonly<Record<string, readonly Verb[]>> = {
  exec: ["process.run"],
  process: ["process.control"],
  read: ["file.read"],
  glob: ["file.read"],
  grep: ["file.read"],
  write: ["file.write"],
  edit: ["file.write"],
  apply_patch: ["file.write"],
  session_status: ["session.inspect"],
};

const groups: Readonly<Record<string, readonly string[]>> = {
  "group:fs": ["read", "write", "edit", "apply_patch", "glob", "grep"],
  "group:runtime": ["exec", "process"],
  "group:sessions": ["session_status"],
  "*": Object.keys(toolVerbs),
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
    const members = lookUp(groups, name) ?? (lookUp(toolVerbs, name) === undefined ? undefined : [name]);
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

/** Whether a tool works in the cell, and so not at all while there is none. */
export function needsCell(tool: string): boolean {
  return (lookUp(toolVerbs, tool) ?? []).some((verb) => cellVerbs.has(verb));
}

export function compileRules(settings: PolicySettings): readonly Rule[] {
  return [noCell(settings), toolSurface(settings), modelRequests(settings), replies()];
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
  const verbs = new Map<string, { owner: ReadonlySet<Verb>; others: ReadonlySet<Verb> }>();
  for (const [agentId, policies] of settings.agents) {
    verbs.set(agentId, { owner: verbsOf(policies.owner), others: verbsOf(policies.others) });
  }
  return {
    name,
    judge(action) {
      const surface = verbs.get(action.agentId);
      if (surface === undefined) return undefined;
      const allowed = isOwner(action.principal.kind) ? surface.owner : surface.others;
      return allowed.has(action.verb) ? { kind: "allow", rule: name } : undefined;
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
    judge: (action) => (action.verb === "message.send" ? { kind: "allow", rule: name } : undefined),
  };
}

function isOwner(kind: PrincipalKind): boolean {
  return kind === "owner" || kind === "system";
}

function verbsOf(policy: ToolPolicy): ReadonlySet<Verb> {
  return new Set([...toolsFor(policy)].flatMap((tool) => lookUp(toolVerbs, tool) ?? []));
}

/** What every object has is not in the table: config may name a tool `constructor`. */
function lookUp<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
