// What a call cost: exact where the provider told, also in a stream that died, else estimated and marked as such.
import type { LanguageModelV4Usage } from "@ai-sdk/provider";
import { isRecord } from "../base/json.ts";
import type { Usage } from "../base/transcript.ts";
import type { ModelCost } from "./model.ts";

/** Tokens that a provider has told of so far; undefined is what it has not told. */
export type Told = {
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly cacheRead: number | undefined;
  readonly cacheWrite: number | undefined;
  /** US dollars, from the few providers that say what they charge. */
  readonly charged: number | undefined;
};

export const nothingTold: Told = {
  input: undefined,
  output: undefined,
  cacheRead: undefined,
  cacheWrite: undefined,
  charged: undefined,
};

export type TokenEstimate = { readonly input: number; readonly output: number };

/** What the library reports at the end of a stream. */
export function toldAtEnd(usage: LanguageModelV4Usage): Told {
  const { inputTokens, outputTokens } = usage;
  const cached = (inputTokens.cacheRead ?? 0) + (inputTokens.cacheWrite ?? 0);
  const total = inputTokens.total === undefined ? undefined : Math.max(0, inputTokens.total - cached);
  return {
    input: count(inputTokens.noCache ?? total),
    output: count(outputTokens.total),
    cacheRead: count(inputTokens.cacheRead),
    cacheWrite: count(inputTokens.cacheWrite),
    charged: count(usage.raw?.cost),
  };
}

/** Adds what one raw chunk of a stream says, whichever provider's format it is in. */
export function toldByChunk(told: Told, chunk: unknown): Told {
  const usage = usageIn(chunk);
  if (usage === undefined) return told;
  const details = usage.prompt_tokens_details ?? usage.input_tokens_details;
  const cacheRead = count(
    usage.cache_read_input_tokens ??
      usage.cachedContentTokenCount ??
      (isRecord(details) ? details.cached_tokens : undefined),
  );
  const counted = count(usage.prompt_tokens ?? usage.promptTokenCount ?? usage.input_tokens);
  // Anthropic counts cached tokens apart from its input tokens; everybody else counts them in.
  const apart = usage.input_tokens !== undefined && !isRecord(usage.input_tokens_details);
  const fresh = apart ? counted : less(counted, cacheRead);
  const answered = usage.completion_tokens ?? usage.output_tokens ?? usage.candidatesTokenCount;
  return {
    input: fresh ?? told.input,
    output: plus(count(answered), count(usage.thoughtsTokenCount)) ?? told.output,
    cacheRead: cacheRead ?? told.cacheRead,
    cacheWrite: count(usage.cache_creation_input_tokens) ?? told.cacheWrite,
    charged: count(usage.cost) ?? told.charged,
  };
}

/**
 * Fills what was not told with our own estimate, and says so. Of a stream that died, what it told of its output may be
 * the count at its beginning: the larger of the two figures is nearer.
 */
export function settle(told: Told, estimate: TokenEstimate, end: "complete" | "died"): Omit<Usage, "costMicros"> {
  const cached = (told.cacheRead ?? 0) + (told.cacheWrite ?? 0);
  const output = end === "complete" ? told.output : Math.max(told.output ?? 0, estimate.output);
  return {
    inputTokens: told.input ?? Math.max(0, estimate.input - cached),
    outputTokens: output ?? estimate.output,
    cacheReadTokens: told.cacheRead ?? 0,
    cacheWriteTokens: told.cacheWrite ?? 0,
    estimated: end === "died" || told.input === undefined || told.output === undefined,
  };
}

/** In millionths of a dollar. A dollar per million tokens is one millionth per token. */
export function costMicros(usage: Omit<Usage, "costMicros">, cost: ModelCost | null): number | null {
  if (cost === null) return null;
  return Math.round(
    usage.inputTokens * cost.input +
      usage.outputTokens * cost.output +
      usage.cacheReadTokens * cost.cacheRead +
      usage.cacheWriteTokens * cost.cacheWrite,
  );
}

/** Where each format keeps its figures: at the top, in `message` (Anthropic), in `response` (OpenAI Responses). */
function usageIn(chunk: unknown): Record<string, unknown> | undefined {
  if (!isRecord(chunk)) return undefined;
  const holder = [chunk, chunk.message, chunk.response].find(
    (part) => isRecord(part) && (isRecord(part.usage) || isRecord(part.usageMetadata)),
  );
  if (!isRecord(holder)) return undefined;
  const usage = holder.usage ?? holder.usageMetadata;
  return isRecord(usage) ? usage : undefined;
}

/** A number that can be a count; a provider that says something else has said nothing. */
function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function less(total: number | undefined, part: number | undefined): number | undefined {
  return total === undefined ? undefined : Math.max(0, total - (part ?? 0));
}

function plus(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined && right === undefined ? undefined : (left ?? 0) + (right ?? 0);
}
