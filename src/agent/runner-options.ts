// What a turn runner is built from.
import type { AuditLog } from "../audit/audit.ts";
import type { Clock } from "../base/clock.ts";
import type { Inspector } from "../dlp/dlp.ts";
import type { Models } from "../model/model.ts";
import type { HookPoint } from "../plugin/plugin.ts";
import type { Policy } from "../policy/policy.ts";
import type { WorkspaceFiles } from "../sandbox/sandbox.ts";
import type { Store } from "../store/store.ts";
import type { Tool, ToolEffects, ToolHooks } from "../tool/tool.ts";
import type { AgentProfile } from "./settings.ts";

export type TurnRunnerOptions = {
  readonly store: Store;
  readonly models: Models;
  readonly tools: readonly Tool[];
  readonly policy: Policy;
  readonly effects: ToolEffects;
  /** The owner's hooks, which may forbid or change a call that policy allows, and nothing else. */
  readonly hooks: ToolHooks;
  readonly workspace: WorkspaceFiles;
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** Asked at each turn, so that changed settings hold from the next one on; undefined for an agent nobody configured. */
  readonly profile: (agentId: string) => AgentProfile | undefined;
  /** Pulls the kill switch, in the name of a principal. */
  readonly kill?: (
    order: { readonly agent?: string; readonly capability?: string },
    by: string,
    signal: AbortSignal,
  ) => Promise<void>;
  /** Called in passing; must return at once and must not throw. */
  readonly observe: (event: HookPoint) => void;
  /** Judges what the model said, what tools are given and what they return, before any of it is used or stored (AG-019). */
  readonly dlp: Inspector;
  /** Takes what looks like a credential out of what a tool shows while it runs. */
  readonly redact: (text: string) => string;
  /** Marks the system prompt, so that it is known where it does not belong. */
  readonly canary?: string | undefined;
  /** Writes an error's particulars to the log, under the id that the person was shown. */
  readonly report: (id: string, error: unknown) => void;
};
