// One call to the models: asks one candidate after another until one answers, and the same one again where that helps.
// One provider's failure is kept to those who have nobody else to ask.
import { limits } from "../../base/limits.ts";
import { abortError, sleep, unlessAborted } from "../../base/wait.ts";
import { runAttempt } from "../attempt.ts";
import type { AttemptEnd } from "../attempt.ts";
import type { Connection, Connector } from "../connector.ts";
import type { Candidate } from "../directory.ts";
import type { PromptSize } from "../estimate.ts";
import type { ModelCall, ModelEvent } from "../models.ts";
import { classify } from "./classify.ts";
import { consequences } from "./failure.ts";
import { claim, noAnswer, planCall, retryWait } from "./plan.ts";
import type { Missed, PlanContext, Try } from "./plan.ts";

export type CallContext = PlanContext & { readonly connector: Connector };

export async function* streamCall(
  context: CallContext,
  call: ModelCall,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void> {
  const size = context.estimator.measure(call.prompt, call.tools);
  const plan = planCall(context, call, size);
  const missed: Missed[] = [...plan.missed];
  let attempts = 0;
  for (const [index, one] of plan.tries.entries()) {
    const { candidate, lastResort } = one;
    const { provider, info } = candidate;
    const othersLeft = plan.tries.length - index - 1;
    let waitMs: number | undefined = one.waitMs;
    for (let tries = 1; waitMs !== undefined && attempts < limits.modelAttemptsMax; tries++) {
      await pause(waitMs, signal);
      attempts += 1;
      yield { type: "attempt", provider: provider.id, model: info.id, number: attempts };
      const end = yield* attemptOnce(context, { call, one, number: attempts }, signal);
      if (end.kind === "answered") {
        context.cooldowns.worked(provider.id, info.id);
        learn(context, { call, one, size }, end);
        yield end.finish;
        return;
      }
      if (end.usage !== undefined) yield { type: "spent", usage: end.usage, provider: provider.id, model: info.id };
      if (signal.aborted) throw abortError(signal);
      const attemptsLeft = limits.modelAttemptsMax - attempts;
      waitMs = retryWait(end.failure, { tries, attemptsLeft, othersLeft, lastResort, retryMs: context.retryMs });
      if (waitMs !== undefined) continue;
      context.cooldowns.failed(provider.id, info.id, end.failure);
      missed.push({ ref: candidate.ref, failure: end.failure });
      if (consequences[end.failure.kind].follow === "end") throw noAnswer(missed);
    }
  }
  throw noAnswer(missed);
}

type Asked = { readonly call: ModelCall; readonly one: Try; readonly number: number };

async function* attemptOnce(
  context: CallContext,
  { call, one, number }: Asked,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, AttemptEnd> {
  const { candidate, inputTokens } = one;
  const now = context.clock.now();
  claim(context, candidate);
  let connection: Connection;
  try {
    connection = await context.connector.connect(candidate, call, signal);
  } catch (error) {
    return { kind: "failed", failure: classify(error, now), usage: undefined };
  }
  try {
    const end = yield* runAttempt({ call, candidate, number, inputTokens, now, ...connection });
    return end.kind === "failed" ? await withNames(context, { call, candidate, end }, signal) : end;
  } finally {
    connection.close();
  }
}

type FailedEnd = Extract<AttemptEnd, { kind: "failed" }>;

/** Where the provider does not have the model, it is asked what it has (PRV-008). */
async function withNames(
  context: CallContext,
  { call, candidate, end }: { readonly call: ModelCall; readonly candidate: Candidate; readonly end: FailedEnd },
  signal: AbortSignal,
): Promise<FailedEnd> {
  if (end.failure.kind !== "model_not_found" || signal.aborted) return end;
  const { provider } = candidate;
  const said = await context.connector.available(provider, call, signal).then(
    (names) => `it has ${names.slice(0, namesShownMax).join(", ") || "no model at all"}`,
    // That it does not list its models either changes nothing about what went wrong.
    () => end.failure.said,
  );
  return { ...end, failure: { ...end.failure, said } };
}

const namesShownMax = 30;

function learn(
  context: CallContext,
  { call, one, size }: { readonly call: ModelCall; readonly one: Try; readonly size: PromptSize },
  end: Extract<AttemptEnd, { kind: "answered" }>,
): void {
  const { usage } = end.finish;
  if (usage.estimated) return;
  const tokens = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
  context.estimator.learn(`${call.sessionKey} ${one.candidate.ref}`, size, tokens);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw abortError(signal);
  if (ms > 0) await unlessAborted(sleep(ms, signal), signal);
}
