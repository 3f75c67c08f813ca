// One request to one model: opens the stream, hands on what comes, and ends with an answer or with what went wrong. In
// every case the connection to the provider is closed when this ends, also when whoever listens simply leaves.
import type { LanguageModelV4, LanguageModelV4StreamPart } from "@ai-sdk/provider";
import type { Usage } from "../base/transcript.ts";
import { abortError, unlessAborted } from "../base/wait.ts";
import { createAnswer, isEmpty, stopReasonOf } from "./answer.ts";
import type { Answer, Finish } from "./answer.ts";
import type { Candidate } from "./directory.ts";
import { estimateTextTokens } from "./estimate.ts";
import { classify, failure } from "./failover/classify.ts";
import type { Failure } from "./failover/classify.ts";
import type { ModelCall, ModelEvent } from "./models.ts";
import { fitPrompt } from "./prompt.ts";
import type { Watchdog } from "./provider-fetch.ts";
import { providerOptionsFor, reasoningFor } from "./thinking.ts";
import { costMicros, nothingTold, settle, toldAtEnd, toldByChunk } from "./usage.ts";
import type { Told } from "./usage.ts";

export type Attempt = {
  readonly call: ModelCall;
  readonly candidate: Candidate;
  readonly number: number;
  readonly model: LanguageModelV4;
  /** Our guess of the prompt's tokens, for a provider that does not tell. */
  readonly inputTokens: number;
  readonly watchdog: Watchdog;
  /** Ends with the attempt; its owner aborts it in any case. */
  readonly signal: AbortSignal;
  readonly now: number;
};

export type AttemptEnd =
  | { readonly kind: "answered"; readonly finish: Extract<ModelEvent, { type: "finish" }> }
  /** `usage` where the provider had begun to answer: that costs, too. */
  | { readonly kind: "failed"; readonly failure: Failure; readonly usage: Usage | undefined };

type Progress = { told: Told; heard: boolean; finish: Finish | undefined; readonly answer: Answer };

export async function* runAttempt(attempt: Attempt): AsyncGenerator<ModelEvent, AttemptEnd> {
  const progress: Progress = { told: nothingTold, heard: false, finish: undefined, answer: createAnswer() };
  try {
    const stream = await openStream(attempt);
    const failed = yield* readStream(stream, progress, attempt);
    return failed === undefined ? conclude(progress, attempt) : end(failed, progress, attempt);
  } catch (error) {
    // A library turns the end of its signal into errors of its own; the signal knows the reason.
    const reason = attempt.signal.aborted ? abortError(attempt.signal) : error;
    return end(classify(reason, attempt.now), progress, attempt);
  }
}

async function openStream(attempt: Attempt): Promise<ReadableStream<LanguageModelV4StreamPart>> {
  const { call, candidate, model, signal } = attempt;
  const reasoning = reasoningFor(call, candidate);
  const room = Math.max(outputTokensMin, candidate.info.contextTokens - attempt.inputTokens);
  const opening = model.doStream({
    prompt: fitPrompt(call.prompt, candidate),
    tools: [...call.tools],
    maxOutputTokens: Math.min(call.outputTokensMax ?? Infinity, candidate.outputTokensMax, room),
    ...(reasoning === undefined ? {} : { reasoning }),
    providerOptions: providerOptionsFor(call, candidate, attempt.number),
    // Usage that a dying stream has told already is only in its raw chunks.
    includeRawChunks: true,
    abortSignal: signal,
  });
  return (await unlessAborted(Promise.resolve(opening), signal)).stream;
}

const outputTokensMin = 256;

async function* readStream(
  stream: ReadableStream<LanguageModelV4StreamPart>,
  progress: Progress,
  { watchdog, signal, now }: Attempt,
): AsyncGenerator<ModelEvent, Failure | undefined> {
  const reader = stream.getReader();
  // Cancelling ends a read that is waiting; the loop then finds the signal ended.
  const stop = (): void => void reader.cancel(signal.reason).catch(ignoreLateError);
  signal.addEventListener("abort", stop, { once: true });
  try {
    while (true) {
      const { done, value: part } = await reader.read();
      if (signal.aborted) throw abortError(signal);
      if (done) return undefined;
      watchdog.feed();
      if (part.type === "error") return classify(part.error, now);
      const event = take(part, progress);
      if (event !== undefined) yield event;
      if (progress.answer.isFull()) return failure("answer_too_large", "");
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

function take(part: LanguageModelV4StreamPart, progress: Progress): ModelEvent | undefined {
  if (part.type === "stream-start") return undefined;
  progress.heard = true;
  if (part.type === "raw") progress.told = toldByChunk(progress.told, part.rawValue);
  if (part.type === "finish") progress.finish = part;
  return progress.answer.accept(part);
}

function conclude(progress: Progress, attempt: Attempt): AttemptEnd {
  const { finish, answer } = progress;
  const content = answer.content();
  if (finish === undefined || brokeOff(finish)) return end(failure("truncated", ""), progress, attempt);
  const stopReason = stopReasonOf(finish, content);
  if (isEmpty(content) && stopReason !== "refusal" && stopReason !== "length")
    return end(failure("empty", ""), progress, attempt);
  const told = { ...progress.told, ...defined(toldAtEnd(finish.usage)) };
  const { provider, info } = attempt.candidate;
  const usage = usageOf(told, "complete", { attempt, answer });
  return {
    kind: "answered",
    finish: { type: "finish", content, usage, stopReason, provider: provider.id, model: info.id },
  };
}

/** A stream that just stops has no reason for its end. */
function brokeOff(finish: Finish): boolean {
  const { unified, raw } = finish.finishReason;
  return unified === "interrupted" || (raw === undefined && (unified === "other" || unified === "error"));
}

function end(failed: Failure, progress: Progress, attempt: Attempt): AttemptEnd {
  // What broke off before it began was never an answer.
  const unbegun = failed.kind === "truncated" && progress.answer.content().length === 0;
  const failure: Failure = unbegun ? { ...failed, kind: "empty", said: "" } : failed;
  const usage = progress.heard ? usageOf(progress.told, "died", { attempt, answer: progress.answer }) : undefined;
  return { kind: "failed", failure, usage };
}

function usageOf(
  told: Told,
  how: "complete" | "died",
  { attempt, answer }: { readonly attempt: Attempt; readonly answer: Answer },
): Usage {
  const estimate = { input: attempt.inputTokens, output: estimateTextTokens(answer.bytes()) };
  const tokens = settle(told, estimate, how);
  const charged = told.charged === undefined ? undefined : Math.round(told.charged * 1_000_000);
  return { ...tokens, costMicros: charged ?? costMicros(tokens, attempt.candidate.info.cost) };
}

function defined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Partial<T>;
}

/** For a stream that is given up: that it also fails is no news. */
function ignoreLateError(): void {}
