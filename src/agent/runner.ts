// What a turn runner is.
import type { TurnRequest } from "../base/envelope.ts";
import type { Label } from "../base/label.ts";
import type { Closing, Turn } from "../store/store.ts";
import type { TurnEvent, TurnOutcome } from "./event.ts";

export type { TurnRunnerOptions } from "./runner-options.ts";

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
