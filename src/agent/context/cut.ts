// Where a compaction cuts: never between a tool call and its result, and never through what was just asked.
import type { Entry } from "../../store/store.ts";
import type { Estimator } from "./tokens.ts";

/** The first entry that stays as it is; undefined where nothing would be won. */
export function chooseCut(
  entries: readonly Entry[],
  options: { readonly keepTokens: number; readonly turnId: string; readonly estimator: Estimator },
): number | undefined {
  const suffixes = suffixTokens(entries, options.estimator);
  const fits = (at: number): boolean => (suffixes[at] ?? 0) <= options.keepTokens;
  const starts = boundaries(entries, (entry, before) => entry.turnId !== before?.turnId);
  const answers = boundaries(entries, (entry) => entry.body.kind === "assistant" && entry.turnId === options.turnId);
  // Whole turns if that is enough; else steps of the running turn; else as little as can be kept.
  const at = starts.find(fits) ?? answers.find(fits) ?? answers.at(-1) ?? starts.at(-1);
  if (at === undefined || !entries.slice(0, at).some((entry) => isSummarised(entry, options.turnId))) return undefined;
  return entries[at]?.seq;
}

function isSummarised(entry: Entry, turnId: string): boolean {
  return entry.turnId !== turnId || entry.body.kind !== "user";
}

function boundaries(
  entries: readonly Entry[],
  isBoundary: (entry: Entry, before: Entry | undefined) => boolean,
): readonly number[] {
  return entries.flatMap((entry, at) => (isBoundary(entry, entries[at - 1]) ? [at] : []));
}

function suffixTokens(entries: readonly Entry[], estimator: Estimator): readonly number[] {
  const suffixes: number[] = Array.from({ length: entries.length });
  let sum = 0;
  for (let at = entries.length - 1; at >= 0; at--) {
    const entry = entries[at];
    if (entry !== undefined) sum += estimator.entry(entry);
    suffixes[at] = sum;
  }
  return suffixes;
}
