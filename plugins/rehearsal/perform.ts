// Turns the directives of one answer into the parts of a stream, as a provider's library would give them.
import type { LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { sleep, unlessAborted } from "../../src/base/wait.ts";
import { label } from "./demonstration.ts";
import type { Exchange } from "./exchange.ts";
import type { Directive, Step } from "./grammar.ts";

export type Stage = {
  readonly exchange: Exchange;
  /** The prompt's size, for a usage that is the same for the same prompt. */
  readonly inputTokens: number;
  /** Counts the attempts of one call. */
  readonly attempt: number;
  readonly signal: AbortSignal;
};

type Fail = Extract<Directive, { kind: "fail" }>;

/** The failure that this attempt shall have, if any. */
export function failureOf(step: Step, stage: Stage): Fail | undefined {
  return step.find((directive): directive is Fail => directive.kind === "fail" && stage.attempt <= directive.times);
}

/** An error in the shape of the libraries' own, for a failure that has an HTTP status. */
export function refusal(fail: Fail): Error | undefined {
  const status = fail.how === "overflow" ? 400 : fail.how;
  if (typeof status !== "number") return undefined;
  const message = fail.how === "overflow" ? "maximum context length exceeded" : `rehearsed HTTP ${status}`;
  return Object.assign(new Error(message), {
    statusCode: status,
    responseHeaders: fail.retryAfter === undefined ? {} : { "retry-after": fail.retryAfter },
    responseBody: JSON.stringify({ error: { message } }),
  });
}

export async function* perform(step: Step, stage: Stage): AsyncGenerator<LanguageModelV4StreamPart> {
  yield { type: "stream-start", warnings: [] };
  const fail = failureOf(step, stage);
  if (fail?.how === "empty") return yield finish({ input: stage.inputTokens, output: 0 }, "stop");
  let written = 0;
  for (const [index, directive] of step.entries()) {
    for await (const part of partsOf(directive, `${stage.exchange.step}-${index}`, stage)) {
      if ("delta" in part) written += part.delta.length;
      yield part;
    }
  }
  if (fail !== undefined) return yield* breakOff(fail, stage);
  const told = step.find((directive) => directive.kind === "usage");
  const usage = told ?? { input: stage.inputTokens, output: Math.ceil(written / 4) };
  yield finish(usage, step.some((directive) => directive.kind === "call") ? "tool-calls" : "stop");
}

async function* partsOf(directive: Directive, id: string, stage: Stage): AsyncGenerator<LanguageModelV4StreamPart> {
  if (directive.kind === "say") yield* speak(directive.text, { id, delayMs: directive.delayMs }, stage.signal);
  if (directive.kind === "echo") yield* speak(echoOf(stage.exchange), { id, delayMs: 0 }, stage.signal);
  if (directive.kind === "think") {
    yield { type: "reasoning-start", id };
    yield { type: "reasoning-delta", id, delta: directive.text };
    yield { type: "reasoning-end", id };
  }
  if (directive.kind === "call") {
    const toolCallId = `rehearsal-${id}`;
    yield { type: "tool-input-start", id: toolCallId, toolName: directive.tool };
    yield { type: "tool-input-delta", id: toolCallId, delta: directive.input };
    yield { type: "tool-input-end", id: toolCallId };
    yield { type: "tool-call", toolCallId, toolName: directive.tool, input: directive.input };
  }
}

async function* speak(
  text: string,
  { id, delayMs }: { readonly id: string; readonly delayMs: number },
  signal: AbortSignal,
): AsyncGenerator<LanguageModelV4StreamPart> {
  yield { type: "text-start", id };
  // Word by word where it shall be slow, in one piece where it shall be quick.
  const pieces = delayMs > 0 ? (text.match(/\S+\s*/g) ?? []) : [text];
  for (const delta of pieces) {
    if (delayMs > 0) await sleep(delayMs, signal);
    yield { type: "text-delta", id, delta };
  }
  yield { type: "text-end", id };
}

async function* breakOff(fail: Fail, stage: Stage): AsyncGenerator<LanguageModelV4StreamPart> {
  if (fail.how === "stall") await unlessAborted(new Promise<never>(() => undefined), stage.signal);
  if (fail.how === "drop") throw Object.assign(new Error("terminated"), { code: "UND_ERR_SOCKET" });
  if (fail.how === "malformed") yield { type: "error", error: new Error("rehearsed: a line that is not JSON") };
  // `truncate` is a stream that just ends.
}

function echoOf(exchange: Exchange): string {
  return exchange.results.length === 0 ? `(no tool has answered; ${label})` : exchange.results.join("\n");
}

function finish(
  usage: { readonly input: number; readonly output: number },
  unified: "stop" | "tool-calls",
): LanguageModelV4StreamPart {
  return {
    type: "finish",
    finishReason: { unified, raw: unified },
    usage: {
      inputTokens: { total: usage.input, noCache: usage.input, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: usage.output, text: usage.output, reasoning: 0 },
    },
  };
}
