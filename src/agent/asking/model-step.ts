// One question to a model: make room, ask, show what comes, and write an answer that calls tools down before any runs.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { noUsage } from "../../base/transcript.ts";
import type { ModelCall, ModelEvent } from "../../model/model.ts";
import { compact } from "../context/compaction.ts";
import type { Pressure } from "../context/compaction.ts";
import { assemblePrompt, estimatePrompt, planCall } from "../context/context.ts";
import type { Plan, Standing } from "../context/context.ts";
import { callsOf } from "../journal.ts";
import type { Answer } from "../journal.ts";
import { ownContent } from "./answer.ts";
import { screenContent } from "./screen-answer.ts";
import { createWatch, untilAborted } from "./watch.ts";
import type { Watch } from "./watch.ts";
import type { TurnScope } from "../scope.ts";
import { safeHead } from "../truncate.ts";

type Finish = Extract<ModelEvent, { type: "finish" }>;

/** The answer with which the turn ends; undefined where its calls come first. */
export async function askModel(scope: TurnScope, standing: Standing): Promise<Answer | undefined> {
  const plan = planCall(scope);
  if (plan.candidates.length === 0)
    throw new LoricaError(
      "unavailable",
      "no model is configured: run `lorica onboard`, or set agents.defaults.model.primary",
    );
  await makeRoom(scope, standing, plan);
  const answer = await askAgainIfTooLong(scope, standing, plan);
  scope.run.emit({ type: "usage", usage: answer.usage });
  if (callsOf(answer).length > 0) return void (await scope.keep(answer));
  scope.conclude(answer);
  return answer;
}

/** Compacts where the estimate nears the window, and refuses what cannot fit at all before it costs anything. */
async function makeRoom(scope: TurnScope, standing: Standing, plan: Plan): Promise<void> {
  const cap = scope.profile.promptTokensMax ?? Number.POSITIVE_INFINITY;
  const room = Math.min(plan.contextTokens - plan.reserveTokens, cap);
  let tokens = estimatePrompt(scope, standing, plan);
  for (const pressure of ["threshold", "overflow"] satisfies Pressure[]) {
    if (tokens <= room || !scope.profile.compaction.enabled) break;
    if (await compact(scope, { standing, plan, pressure })) tokens = estimatePrompt(scope, standing, plan);
  }
  const most = Math.min(plan.contextTokens, cap);
  if (tokens > most)
    throw new LoricaError(
      "too_large",
      `this needs about ${tokens} tokens and ${most} are allowed: send less, or start anew with /new`,
      {
        details: { reason: "prompt_too_large", tokens, tokensMax: most },
      },
    );
}

/** Estimates can be wrong: where the provider says that it is too much, the turn compacts once and asks again. */
async function askAgainIfTooLong(scope: TurnScope, standing: Standing, plan: Plan): Promise<Answer> {
  try {
    return await ask(scope, standing, plan);
  } catch (error) {
    if (!isOverflow(error) || !(await compact(scope, { standing, plan, pressure: "overflow" }))) throw error;
    return ask(scope, standing, plan);
  }
}

function isOverflow(error: unknown): boolean {
  return error instanceof LoricaError && error.code === "too_large" && error.details?.["reason"] === "context_overflow";
}

async function ask(scope: TurnScope, standing: Standing, plan: Plan): Promise<Answer> {
  const { turn, run, session, profile, signal } = scope;
  const { agentId, sessionKey, principal } = turn;
  const call: ModelCall = {
    agentId,
    sessionKey,
    principal,
    label: scope.label(),
    candidates: plan.candidates,
    prompt: await assemblePrompt(scope, standing, plan),
    tools: standing.tools,
    thinking: run.request.thinking ?? session.thinking ?? profile.thinking,
    outputTokensMax: smallest(run.request.outputTokensMax, profile.outputTokensMax),
    rehearsal: run.request.rehearsal,
  };
  const watch = createWatch(scope);
  try {
    for await (const event of untilAborted(scope.options.models.stream(call, signal), signal)) {
      if (event.type === "finish") {
        // What may be shown and what may be kept are two questions about the same words; neither waits for the other.
        const [answer] = await Promise.all([answerOf(scope, event), watch.settled()]);
        return answer;
      }
      if (event.type === "spent")
        await scope.spend(event.usage, { provider: event.provider, model: event.model, trigger: "turn" });
      else watch.show(event);
    }
  } catch (error) {
    if (run.signal.aborted) await keepPartial(scope, watch);
    throw error;
  }
  throw new LoricaError("upstream", "the model's answer ended before it was complete: try again");
}

/** What a person saw before they stopped the answer stays in the history; the next answer may go on from it. */
async function keepPartial(scope: TurnScope, watch: Watch): Promise<void> {
  const { text, provider, model } = watch.said();
  if (text.trim() === "") return;
  const usage = { ...noUsage, estimated: true };
  const content = await screenContent(scope, [{ type: "text", text: safeHead(text, limits.replyMaxChars) }]);
  await scope.append([{ kind: "assistant", content, provider, model, usage, stopReason: "cancelled" }]);
}

async function answerOf(scope: TurnScope, { content, provider, model, usage, stopReason }: Finish): Promise<Answer> {
  const own = await screenContent(scope, ownContent(content, scope.window.entries()));
  return { kind: "assistant", content: own, provider, model, usage, stopReason };
}

function smallest(...numbers: readonly (number | undefined)[]): number | undefined {
  const given = numbers.filter((number) => number !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}
