// The contract of a tool: parse what the model wrote, propose an Action, perform it with the Grant. A tool never
// decides and never sees more than its grant.
import type { z } from "zod";
import type { Action, Verb } from "../base/action.ts";
import type { Grant } from "../base/grant.ts";
import type { Label } from "../base/label.ts";
import type { Principal } from "../base/principal.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";

export type { ToolHooks } from "../hook/hook.ts";

export type ToolCaller = {
  readonly agentId: string;
  readonly sessionKey: string;
  readonly principal: Principal;
  readonly label: Label;
};

/** What a tool may perform with; each takes a grant. */
export type ToolEffects = {
  readonly sandbox: Sandbox;
  readonly describeSession: (grant: Grant<"session.inspect">) => Promise<string>;
};

export type ToolOutput = {
  readonly text: string;
  /** Images for the model to look at. */
  readonly images: readonly { readonly mime: string; readonly base64: string }[];
  readonly isError: boolean;
};

export type ToolDefinition<V extends Verb = Verb, I = unknown> = {
  readonly name: string;
  /** For the model: what it does and when to use it, in as few words as serve. */
  readonly description: string;
  readonly input: z.ZodType<I>;
  readonly sideEffect: "none" | "read" | "write" | "exec" | "send";
  readonly timeoutMs: number;
  /**
   * `own`: what it returns is from the agent's own cell or the gateway. Otherwise, and where nothing is said, it came
   * from outside: it is wrapped in markers for the model and labelled untrusted.
   */
  readonly output?: "own" | "external";
  readonly propose: (input: I, caller: ToolCaller) => Action<V>;
  readonly perform: (grant: Grant<V>, run: ToolRun) => Promise<ToolOutput>;
};

export type ToolRun = {
  readonly effects: ToolEffects;
  /** Partial output, for whoever watches the turn. */
  readonly onProgress: (text: string) => void;
  readonly signal: AbortSignal;
};

/** The same definition with its input's type forgotten, so that tools fit in one list. */
export type Tool = ToolDefinition<Verb, unknown>;

export function defineTool<V extends Verb, I>(definition: ToolDefinition<V, I>): Tool {
  return Object.freeze(definition) as unknown as Tool;
}

export function textOutput(text: string): ToolOutput {
  return { text, images: [], isError: false };
}
