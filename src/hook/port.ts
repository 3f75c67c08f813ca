// What is asked of the hooks, and what they answer: the same on both sides of the link.
import type { Action } from "../base/action.ts";
import type { CellAction, HookInput } from "./tools.ts";

/** What the gateway asks about: something in a cell, by the action, or a tool of its own, by name. */
export type HookSubject =
  | { readonly kind: "cell"; readonly action: CellAction }
  | { readonly kind: "tool"; readonly tool: string; readonly input: HookInput };

export type BeforeAnswer =
  | { readonly kind: "pass"; readonly contexts: readonly string[] }
  /** What is to be done instead, and judged by everybody else as if it had been asked for. */
  | { readonly kind: "changed"; readonly action: CellAction; readonly contexts: readonly string[] }
  | { readonly kind: "changed_input"; readonly input: HookInput; readonly contexts: readonly string[] }
  | { readonly kind: "deny"; readonly reason: string };

export type AfterAnswer =
  | { readonly kind: "pass"; readonly contexts: readonly string[] }
  /** It has taken effect; what it returned is not to be shown. */
  | { readonly kind: "withhold"; readonly reason: string };

/** What the gateway knows of the hooks: whether it has to ask at all. */
export type HookWants = { readonly before: boolean; readonly after: boolean };

/** The gateway's port. Both answer undefined, and at once, where no hook is registered. */
export type ToolHooks = {
  before(call: ToolCallToJudge, signal: AbortSignal): Promise<BeforeAnswer | undefined>;
  after(call: ToolCallToJudge, output: HookOutput, signal: AbortSignal): Promise<AfterAnswer | undefined>;
};

export type ToolCallToJudge = {
  readonly callId: string;
  readonly tool: string;
  readonly input: unknown;
  readonly action: Action;
};

export type HookOutput = { readonly text: string; readonly isError: boolean };
