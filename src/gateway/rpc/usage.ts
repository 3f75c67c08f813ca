// Token and money figures as clients of protocol 4 know them.
import type { Usage } from "../../base/transcript.ts";
import type { CostFigures, UsageFigures } from "../../protocol/shapes.ts";
import type { UsageTotal } from "../../store/store.ts";

const microsPerDollar = 1_000_000;

export function usageFigures(usage: Usage): UsageFigures {
  const { inputTokens: input, outputTokens: output, cacheReadTokens: cacheRead, cacheWriteTokens: cacheWrite } = usage;
  return { input, output, cacheRead, cacheWrite, totalTokens: input + output + cacheRead + cacheWrite };
}

export function dollars(micros: number | null): number | null {
  return micros === null ? null : micros / microsPerDollar;
}

export function sumFigures(totals: readonly UsageTotal[]): CostFigures {
  let sum: CostFigures = noFigures;
  for (const total of totals) sum = combine(sum, costOf(total), 1);
  return sum;
}

/** What `later` still holds is taken away: totals since a day's start minus totals since its end are that day's. */
export function subtractFigures(earlier: CostFigures, later: CostFigures): CostFigures {
  return combine(earlier, later, -1);
}

export const noFigures: CostFigures = {
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  totalTokens: 0,
  totalCost: 0,
  missingCostEntries: 0,
};

function costOf(total: UsageTotal): CostFigures {
  return {
    ...usageFigures(total),
    totalCost: dollars(total.costMicros) ?? 0,
    missingCostEntries: total.costMicros === null ? 1 : 0,
  };
}

function combine(left: CostFigures, right: CostFigures, sign: 1 | -1): CostFigures {
  return {
    input: left.input + sign * right.input,
    output: left.output + sign * right.output,
    cacheRead: left.cacheRead + sign * right.cacheRead,
    cacheWrite: left.cacheWrite + sign * right.cacheWrite,
    totalTokens: left.totalTokens + sign * right.totalTokens,
    // Whole millionths, so that sums of floating point show no dust.
    totalCost: Math.round((left.totalCost + sign * right.totalCost) * microsPerDollar) / microsPerDollar,
    missingCostEntries: Math.max(0, left.missingCostEntries + sign * right.missingCostEntries),
  };
}
