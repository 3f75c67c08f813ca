// How far a turn may go (AG-017). Read off the journal, so that a crash does not give a turn its steps back.
import { LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { openDeadline } from "../base/wait.ts";
import type { Deadline } from "../base/wait.ts";
import { detectLoop } from "./calls/loop.ts";
import { madeCalls, stepsOf } from "./journal.ts";
import type { TurnRun } from "./runner.ts";
import type { TurnScope } from "./scope.ts";
import type { AgentProfile } from "./settings.ts";

/** The agent's time for a turn, or less where the request says so. */
export function openTurnDeadline(profile: AgentProfile | undefined, run: TurnRun): Deadline {
  const settled = profile?.turnTimeoutMs ?? limits.turnTimeoutMs;
  return openDeadline(run.signal, Math.min(settled, run.request.timeoutMs ?? settled));
}

/** Throws where the turn must end. Looked at before each question to a model. */
export function checkBounds({ window, turn }: TurnScope): void {
  const steps = stepsOf(window.entries(), turn.id);
  if (steps >= limits.turnStepsMax)
    throw new LoricaError("too_large", `this took ${steps} steps, the most one turn may take: ask for less at a time`);
  const calls = madeCalls(window.entries(), turn.id);
  // The last answer was told so with each call that was not run; it may still say what it has.
  if (calls.length > limits.turnToolCallsMax + limits.turnStepsMax)
    throw new LoricaError("too_large", `this took ${calls.length} tool calls, more than one turn may make`);
  const verdict = detectLoop(calls);
  if (verdict.kind === "end")
    throw new LoricaError(
      "conflict",
      `stopped: ${verdict.tools.join(" and ")} gave the same result ${verdict.rounds} times in a row`,
    );
}
