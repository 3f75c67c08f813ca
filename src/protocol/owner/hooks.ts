// What the owner asks about hooks: which there are, whether they are what was trusted, and what they would say.
import { z } from "zod";
import { ownerMethod as method } from "./kit.ts";

export type HookRow = {
  readonly event: "PreToolUse" | "PostToolUse";
  readonly matcher: string;
  readonly command: string;
  readonly timeoutMs: number;
  /** What its cell is given, beside the workspace. */
  readonly folders: readonly string[];
  /** Why it cannot be asked, and everything that it is about is refused. */
  readonly problem: string | null;
};

export type HookList = {
  readonly settingsPath: string;
  readonly hooks: readonly HookRow[];
  /** Events in the file that do not exist here. */
  readonly ignoredEvents: readonly string[];
};

export type HookTest = {
  readonly verdict: "allow" | "deny";
  readonly reason: string | null;
  /** What the hooks made of the input; null where they left it as it was. */
  readonly input: Readonly<Record<string, unknown>> | null;
};

export const hookMethods = {
  "hooks.list": method<HookList>()({
    summary: "The registered hooks, and which of them cannot be asked.",
    params: z.strictObject({}),
  }),
  "hooks.trust": method<HookList>()({
    summary: "The registrations and scripts that are there now are what the owner wants.",
    params: z.strictObject({}),
  }),
  "hooks.test": method<HookTest>()({
    summary: "What the hooks say to a call that is not made.",
    params: z.strictObject({
      tool: z.string().min(1).max(64),
      input: z.record(z.string().max(64), z.json()),
      agent: z.string().min(1).max(64).optional(),
    }),
  }),
} as const;
