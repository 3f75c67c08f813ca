// What `settings.json` registers: which command is asked about which tools. The owner's file, and still parsed: whatever
// cannot be understood is an error that stops tools, because nobody can say what it was meant to forbid.
import { z } from "zod";
import { parseJson } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";

export const hookEvents = ["PreToolUse", "PostToolUse"] as const;
export type HookEvent = (typeof hookEvents)[number];

export type HookDefinition = {
  readonly event: HookEvent;
  /** As it is written; empty for every tool. */
  readonly matcher: string;
  /** For bash, as it is written. */
  readonly command: string;
  readonly timeoutMs: number;
};

export type HookSettings = {
  readonly definitions: readonly HookDefinition[];
  /** Events that the file names and that do not exist here: their hooks never run. */
  readonly ignoredEvents: readonly string[];
};

const command = z.string().min(1).max(limits.hookCommandMaxChars);
// Kits write a command as a plain text where Claude Code's own documentation has an object; both are one thing.
const entry = z.union([
  command.transform((text) => ({ command: text, timeout: undefined })),
  z.object({ type: z.literal("command").optional(), command, timeout: z.number().positive().optional() }),
]);
const group = z.object({
  matcher: z.string().max(limits.hookMatcherMaxChars).optional(),
  hooks: z.array(entry).max(limits.hooksMax),
});
const file = z.object({
  hooks: z.record(z.string().max(64), z.unknown()).optional(),
  disableAllHooks: z.boolean().optional(),
});
const groups = z.array(group).max(limits.hooksMax);

export const noHooks: HookSettings = { definitions: [], ignoredEvents: [] };

export function parseHookSettings(text: string): Parsed<HookSettings> {
  const json = parseJson(text);
  if (!json.ok) return rejected(`it is not JSON: ${json.reason}`);
  const read = file.safeParse(json.value);
  if (!read.success) return rejected(firstIssue(read.error, []));
  if (read.data.disableAllHooks === true) return parsed(noHooks);
  const registered = read.data.hooks ?? {};
  const definitions: HookDefinition[] = [];
  for (const event of hookEvents) {
    const of = groups.safeParse(registered[event] ?? []);
    if (!of.success) return rejected(firstIssue(of.error, ["hooks", event]));
    for (const { matcher = "", hooks } of of.data) {
      if (!isMatcher(matcher)) return rejected(`hooks.${event}: ${JSON.stringify(matcher)} is not a matcher`);
      for (const hook of hooks) definitions.push({ event, matcher, command: hook.command, timeoutMs: timeoutOf(hook) });
    }
  }
  if (definitions.length > limits.hooksMax) return rejected(`more than ${limits.hooksMax} hooks`);
  const ignoredEvents = Object.keys(registered).filter((name) => !hookEvents.includes(name as HookEvent));
  return parsed({ definitions, ignoredEvents });
}

/** One of these names is enough: a tool has the name that guides know it by, and its own. */
export function matches(matcher: string, names: readonly string[]): boolean {
  if (matcher === "" || matcher === "*") return true;
  if (/^[\w ,|]+$/.test(matcher)) {
    const wanted = new Set(matcher.split(/[|,]/).map((name) => name.trim()));
    return names.some((name) => wanted.has(name));
  }
  // Not anchored: of two readings of somebody's pattern, the one that asks more often is the safe one.
  const pattern = new RegExp(matcher);
  return names.some((name) => pattern.test(name));
}

function isMatcher(matcher: string): boolean {
  try {
    matches(matcher, ["Bash"]);
    return true;
  } catch {
    return false;
  }
}

function timeoutOf({ timeout }: { readonly timeout?: number | undefined }): number {
  return Math.min((timeout ?? Infinity) * 1_000, limits.hookTimeoutMs);
}

function firstIssue(error: z.ZodError, at: readonly string[]): string {
  const [issue] = error.issues;
  const path = [...at, ...(issue?.path ?? [])].join(".");
  return `${path === "" ? "" : `${path}: `}${issue?.message ?? "not as it must be"}`;
}
