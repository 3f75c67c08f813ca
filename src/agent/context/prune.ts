// Old tool output shrinks and then goes, so that a long session stays affordable (COST-007). The line moves in steps:
// between two steps the prompt only grows at its end, and the provider's cache keeps hitting (COST-009).
import type { Entry } from "../../store/store.ts";
import type { PruningSettings } from "../settings.ts";
import { safeHead, safeTail } from "../truncate.ts";
import type { Estimator } from "./tokens.ts";

/** Sequence numbers: results before `clearBefore` are gone from the prompt, before `trimBefore` they are trimmed. */
export type PruneLine = { readonly clearBefore: number; readonly trimBefore: number };

const keepShare = 0.3;
const stepShare = 0.15;
const clearedText = "[old output cleared to save room; run the tool again if it is needed]";

export function drawPruneLine(
  entries: readonly Entry[],
  options: { readonly contextTokens: number; readonly estimator: Estimator; readonly settings: PruningSettings },
): PruneLine {
  if (!options.settings.enabled) return { clearBefore: 0, trimBefore: 0 };
  const keep = options.contextTokens * keepShare;
  const step = Math.max(1, options.contextTokens * stepShare);
  const total = options.estimator.entries(entries);
  // Counted from the beginning and rounded down to whole steps, so that the line stands still while the session grows.
  const old = Math.floor(Math.max(0, total - keep) / step) * step;
  return {
    trimBefore: seqAtTokens(entries, old, options.estimator),
    clearBefore: seqAtTokens(entries, old - 2 * step, options.estimator),
  };
}

export function pruneResult(
  text: string,
  seq: number,
  options: { line: PruneLine; settings: PruningSettings },
): string {
  const { maxChars, headChars, tailChars } = options.settings.softTrim;
  if (seq < options.line.clearBefore && text.length > clearedText.length) return clearedText;
  if (seq >= options.line.trimBefore || text.length <= maxChars) return text;
  return `${safeHead(text, headChars)}\n[… trimmed to save room; ${text.length} characters in all …]\n${safeTail(text, tailChars)}`;
}

/** The first entry of which nothing lies within the first `tokens`; nothing is old where that is none. */
function seqAtTokens(entries: readonly Entry[], tokens: number, estimator: Estimator): number {
  if (tokens <= 0) return 0;
  let sum = 0;
  for (const entry of entries) {
    sum += estimator.entry(entry);
    if (sum > tokens) return entry.seq;
  }
  return (entries.at(-1)?.seq ?? 0) + 1;
}
