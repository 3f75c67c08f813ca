// Adding up what calls cost.
import { noUsage } from "../base/transcript.ts";
import type { Usage } from "../base/transcript.ts";
import type { Entry } from "../store/store.ts";

export function addUsage(left: Usage, right: Usage): Usage {
  return {
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    cacheReadTokens: left.cacheReadTokens + right.cacheReadTokens,
    cacheWriteTokens: left.cacheWriteTokens + right.cacheWriteTokens,
    // One unknown price makes the sum unknown: a number that is too low would be believed.
    costMicros: left.costMicros === null || right.costMicros === null ? null : left.costMicros + right.costMicros,
    estimated: left.estimated || right.estimated,
  };
}

/** What the answers of a turn cost, as its journal has it. */
export function usageOf(entries: readonly Entry[], turnId: string): Usage {
  let sum = noUsage;
  for (const entry of entries) {
    if (entry.turnId === turnId && entry.body.kind === "assistant") sum = addUsage(sum, entry.body.usage);
  }
  return sum;
}
