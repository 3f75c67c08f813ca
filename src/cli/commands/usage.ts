// `usage`: tokens and money, by day. The ledger is the gateway's; this only shows it.
import type { Json } from "../../base/json.ts";
import type { CostFigures } from "../../protocol/shapes.ts";
import type { Invocation } from "../context.ts";
import { withGateway } from "../reach.ts";
import { renderTable } from "../text.ts";

const daysMax = 92;

export async function usage(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const days = options.whole("days", { min: 1, max: daysMax }) ?? 30;
  const result = await withGateway(invocation, (gateway) => gateway.call("usage.cost", { days }));
  io.result(result, () => {
    const rows = [
      ["day", "input", "output", "cache read", "cost"],
      ...result.daily.filter((day) => day.totalTokens > 0).map((day) => [day.date, ...cells(day)]),
      ["total", ...cells(result.totals)],
    ];
    for (const line of renderTable(rows, { width: io.width })) io.line(line);
  });
}

/** One line for `status`. */
export async function usageRows(
  invocation: Invocation,
  days: number,
): Promise<{ readonly value: Json; readonly rows: [string, string][] }> {
  const { totals } = await withGateway(invocation, (gateway) => gateway.call("usage.cost", { days }));
  const line = `${totals.input} tokens in, ${totals.output} out, ${cost(totals)} in ${days} days`;
  return { value: { days, ...totals }, rows: [["usage", line]] };
}

function cells(figures: CostFigures): string[] {
  return [String(figures.input), String(figures.output), String(figures.cacheRead), cost(figures)];
}

/** A model without a known price makes every sum a lower bound, and that has to be seen. */
function cost({ totalCost, missingCostEntries }: CostFigures): string {
  const known = `$${totalCost.toFixed(4)}`;
  return missingCostEntries === 0 ? known : `at least ${known} (no price known for ${missingCostEntries})`;
}
