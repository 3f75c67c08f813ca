// What connected nodes tell of themselves without being asked. It is kept for whoever looks, bounded, and forgotten with
// the connection; nothing of it starts a turn, changes a session or adds a tool.
import { isRecord, parseJson } from "../base/json.ts";
import type { Json } from "../base/json.ts";
import { limits } from "../base/limits.ts";

export type Reports = {
  /** What became of it. */
  event(
    linkId: string,
    event: { readonly event: string; readonly payload?: unknown; readonly payloadJSON?: string | undefined },
  ): { readonly handled: boolean; readonly reason?: string };
  skills(linkId: string, names: readonly string[]): void;
  tools(linkId: string, names: readonly string[]): void;
  of(linkId: string): Reported;
  drop(linkId: string): void;
};

export type Reported = {
  readonly hostStats: Json | undefined;
  readonly skills: readonly string[];
  readonly tools: readonly string[];
};

const nothing: Reported = { hostStats: undefined, skills: [], tools: [] };

export function createReports(): Reports {
  const reported = new Map<string, Reported>();
  const of = (linkId: string): Reported => reported.get(linkId) ?? nothing;
  const change = (linkId: string, part: Partial<Reported>): void =>
    void reported.set(linkId, { ...of(linkId), ...part });
  return {
    of,
    event(linkId, { event, payload, payloadJSON }) {
      if (event === "node.presence.alive" || event === "node.presence.activity") return { handled: true };
      if (event !== "node.host.stats") return { handled: false, reason: "unsupported" };
      const stats = numbersOf(payloadJSON === undefined ? payload : parsedOrNothing(payloadJSON));
      if (stats === undefined) return { handled: false, reason: "invalid" };
      change(linkId, { hostStats: stats });
      return { handled: true };
    },
    skills: (linkId, names) => change(linkId, { skills: names.slice(0, limits.nodeReportedNamesMax) }),
    tools: (linkId, names) => change(linkId, { tools: names.slice(0, limits.nodeReportedNamesMax) }),
    drop: (linkId) => void reported.delete(linkId),
  };
}

const statNames = ["cpuCount", "memoryTotalBytes", "memoryFreeBytes", "diskTotalBytes", "diskAvailableBytes"] as const;

/** Figures and nothing else. */
function numbersOf(value: unknown): Json | undefined {
  if (!isRecord(value)) return undefined;
  const figures = statNames.flatMap((name) => {
    const figure = value[name];
    return typeof figure === "number" && Number.isFinite(figure) ? [[name, figure] as const] : [];
  });
  const load = value["loadAverage"];
  const averages = Array.isArray(load) ? load.slice(0, 3).filter((one): one is number => Number.isFinite(one)) : [];
  return { ...Object.fromEntries(figures), ...(averages.length === 3 ? { loadAverage: averages } : {}) };
}

function parsedOrNothing(text: string): unknown {
  const json = parseJson(text);
  return json.ok ? json.value : undefined;
}
