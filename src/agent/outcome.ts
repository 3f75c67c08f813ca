// How a turn ends, as the person who asked is told.
import { LoricaError, codeOf } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { noUsage } from "../base/transcript.ts";
import type { Usage } from "../base/transcript.ts";
import type { TurnOutcome } from "./event.ts";
import type { Answer } from "./journal.ts";
import { lastText, textOf } from "./journal.ts";
import { sanitizeReply } from "./reply.ts";
import type { TurnRun, TurnRunnerOptions } from "./runner.ts";
import type { TurnScope } from "./scope.ts";

const declined = "The model declined to answer this.";

/** The last answer's text; where it has none, what the turn said before. `text` is empty where silence was meant. */
export function answered(scope: TurnScope, answer: Answer): TurnOutcome {
  const said =
    textOf(answer.content).trim() === "" ? lastText(scope.window.entries(), scope.turn.id) : textOf(answer.content);
  const { stopReason, provider, model } = answer;
  if (said === "" && stopReason !== "refusal")
    throw new LoricaError("upstream", `${provider}/${model} answered with nothing: try again, or choose another model`);
  const text = said === "" ? declined : sanitizeReply(said);
  return { status: "done", text, stopReason, provider, model, usage: scope.usage() };
}

export function commanded(text: string, usage: Usage): TurnOutcome {
  return { status: "done", text, stopReason: "stop", provider: "lorica", model: "command", usage };
}

/** Everything that can be thrown in a turn ends here, once: the person gets a message and an id, the log the rest. */
export function ended(
  error: unknown,
  about: { readonly options: TurnRunnerOptions; readonly run: TurnRun; readonly usage: Usage | undefined },
): TurnOutcome {
  const usage = about.usage ?? noUsage;
  if (about.run.signal.aborted && codeOf(about.run.signal.reason) !== "timeout") return { status: "cancelled", usage };
  const id = newId();
  about.options.report(id, error);
  const code = codeOf(error);
  const ours = error instanceof LoricaError && code !== "internal";
  const message = ours ? error.message : `something went wrong inside; the log has it under ${id}`;
  const retryAfterMs = error instanceof LoricaError ? error.retryAfterMs : undefined;
  return { status: "failed", code, message, id, usage, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
