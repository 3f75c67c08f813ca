// What a turn runner is, and what it is built from.
import type { AuditLog } from "../audit/audit.ts";
import type { Clock } from "../base/clock.ts";
import type { TurnRequest } from "../base/envelope.ts";
import type { Label } from "../base/label.ts";
import type { Models } from "../model/model.ts";
import type { HookPoint } from "../plugin/plugin.ts";
import type { Policy } from "../policy/policy.ts";
import type { WorkspaceFiles } from "../sandbox/sandbox.ts";
import type { Closing, Store, Turn } from "../store/store.ts";
import type { Tool, ToolEffects, ToolHooks } from "../tool/tool.ts";
import type { TurnEvent, TurnOutcome } from "./event.ts";
import type { AgentProfile } from "./settings.ts";

export type TurnRun = {
  readonly request: TurnRequest;
  /** Called between steps: takes what joined the turn since, so that the model sees it next (queue mode steer). */
  readonly takeJoined: () => Promise<void>;
  readonly emit: (event: TurnEvent) => void;
  /** Ends the turn: the provider's connection is closed and running tools are killed at once. */
  readonly signal: AbortSignal;
};

export type TurnRunner = {
  /**
   * Runs a turn, or takes up one that a crash interrupted: every step is read back from the transcript, a model call
   * without an answer is repeated, a tool call without a result is reported to the model as unknown. Never throws for
   * what models and tools do; the outcome says it. `label` is the join of all that entered the context. `closing` is
   * the last answer, for `finish` to store: on its own it would only be a second write of the same end.
   */
  run(
    turn: Turn,
    run: TurnRun,
  ): Promise<{ readonly outcome: TurnOutcome; readonly label: Label; readonly closing?: Closing | undefined }>;
};

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
  /** Called in passing; must return at once and must not throw. */
  readonly observe: (event: HookPoint) => void;
  /** Takes secrets out of what tools return, before it is stored (AG-019). */
  readonly redact: (text: string) => string;
  /** Writes an error's particulars to the log, under the id that the person was shown. */
  readonly report: (id: string, error: unknown) => void;
};
