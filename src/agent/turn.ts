// The turn (step 6). Each round asks the journal what comes next, does that one thing and writes it down; a turn that a
// crash interrupted is taken up by the very same loop. Only the last answer is left to whoever stores the turn's end.
import { abortError } from "../base/wait.ts";
import { checkBounds, openTurnDeadline } from "./bounds.ts";
import { commandOf, runCommand } from "./commands/commands.ts";
import { loadStanding } from "./context/context.ts";
import type { TurnOutcome } from "./event.ts";
import { nextStep } from "./journal.ts";
import { askModel } from "./asking/model-step.ts";
import { answered, commanded, ended } from "./outcome.ts";
import type { TurnRunner, TurnRunnerOptions } from "./runner.ts";
import { createRunnerState } from "./runner-state.ts";
import { openScope } from "./scope.ts";
import type { TurnScope } from "./scope.ts";
import { runCalls } from "./calls/tool-batch.ts";

/** That a turn begins or has ended is told by whoever stores that it does, not from here. */
export function createTurnRunner(options: TurnRunnerOptions): TurnRunner {
  const state = createRunnerState(options);
  return {
    async run(turn, run) {
      const deadline = openTurnDeadline(options.profile(turn.agentId), run);
      let scope: TurnScope | undefined;
      let outcome: TurnOutcome;
      try {
        scope = await openScope(options, state, { turn, run, signal: deadline.signal });
        outcome = await takeTurn(scope);
      } catch (error) {
        outcome = ended(error, { options, run, usage: scope?.usage() });
      } finally {
        deadline.close();
      }
      return { outcome, label: scope?.label() ?? turn.label, closing: scope?.closing() };
    },
  };
}

async function takeTurn(scope: TurnScope): Promise<TurnOutcome> {
  const command = commandOf(scope);
  if (command !== undefined) return commanded(await runCommand(scope, command), scope.usage());
  let standing: Awaited<ReturnType<typeof loadStanding>> | undefined;
  for (;;) {
    if (scope.signal.aborted) throw abortError(scope.signal);
    const step = nextStep(scope.window.entries(), scope.turn.id);
    if (step.kind === "answer") return answered(scope, step.answer);
    if (step.kind === "tools") {
      await runCalls(scope, step.calls, step.batchSize);
      continue;
    }
    checkBounds(scope);
    // The files are the broker's to read; meanwhile this process looks for what has joined.
    [standing] = await Promise.all([standing ?? loadStanding(scope), takeJoined(scope)]);
    const answer = await askModel(scope, standing);
    if (answer !== undefined) return answered(scope, answer);
  }
}

async function takeJoined({ run, window }: TurnScope): Promise<void> {
  await run.takeJoined();
  await window.refresh();
}
