// What the owner let through: one thing, on one way, to one place, once; or for a while where they said so. On its way a
// text is looked at several times, and each of those looks lets it pass once.
import type { Clock } from "../../base/clock.ts";
import { limits } from "../../base/limits.ts";
import type { Incident } from "./incidents.ts";

/** One text on its way, at one of the places that look at it. */
export type Passage = {
  /** Looks that have the same one are one. */
  readonly id: string;
  /** A point, or `effect`, where the broker looks at what a tool is about to do. */
  readonly step: string;
  readonly sessionKey: string;
  /** `channel:account:recipient`; empty where that is not known yet. */
  readonly to: string;
};

export type Allowances = {
  /** Until when. */
  add(about: Pick<Incident, "id" | "point" | "sessionKey" | "to">, prints: readonly string[], forMs?: number): number;
  isEmpty(): boolean;
  /** The incident by whose allowance it passes; undefined where it does not. */
  admit(print: string, passage: Passage): { readonly incident: string; readonly isFirst: boolean } | undefined;
  /** Nothing left after all: it may be tried again. */
  giveBack(passage: string): void;
};

type Allowance = {
  readonly incident: string;
  readonly way: Way;
  readonly prints: ReadonlySet<string>;
  readonly sessionKey: string;
  to: string;
  readonly until: number;
  readonly isOnce: boolean;
  /** By step: the passage that it let through there. */
  readonly used: Map<string, string>;
};

type Way = "out" | "act" | "keep";

/** Where each step is on its way; once a text has come so far, what lies behind it is closed. */
const steps: Readonly<Record<string, { readonly way: Way; readonly rank: number }>> = {
  stream: { way: "out", rank: 0 },
  answer: { way: "out", rank: 1 },
  reply: { way: "out", rank: 2 },
  order: { way: "out", rank: 2 },
  channel: { way: "out", rank: 3 },
  call: { way: "act", rank: 0 },
  effect: { way: "act", rank: 1 },
  egress: { way: "act", rank: 2 },
  inbound: { way: "keep", rank: 0 },
  result: { way: "keep", rank: 0 },
  summary: { way: "keep", rank: 0 },
};

/** What a model is asked and what is written into files is blanked, whatever the owner says. */
export function canBeAllowed({ point }: Pick<Incident, "point">): boolean {
  return steps[point] !== undefined;
}

export function createAllowances(clock: Clock): Allowances {
  const allowances = new Map<string, Allowance>();

  function dropEnded(): void {
    for (const [incident, { until }] of allowances) if (until <= clock.now()) allowances.delete(incident);
  }

  return {
    add({ id, point, sessionKey, to }, prints, forMs) {
      dropEnded();
      const until = clock.now() + Math.min(forMs ?? limits.dlpAllowOnceMs, limits.dlpAllowMaxMs);
      const way = steps[point]?.way ?? "keep";
      const about = { incident: id, way, prints: new Set(prints), sessionKey, to, until };
      allowances.delete(id);
      allowances.set(id, { ...about, isOnce: forMs === undefined, used: new Map() });
      const [oldest] = allowances.keys();
      if (allowances.size > limits.dlpAllowancesMax && oldest !== undefined) allowances.delete(oldest);
      return until;
    },
    isEmpty() {
      if (allowances.size > 0) dropEnded();
      return allowances.size === 0;
    },
    admit(print, passage) {
      for (const allowance of allowances.values()) {
        if (!allowance.prints.has(print) || !isFor(allowance, passage)) continue;
        const isFirst = !allowance.used.has(passage.step);
        if (!isFirst && allowance.isOnce && allowance.used.get(passage.step) !== passage.id) continue;
        allowance.used.set(passage.step, passage.id);
        // From here on it is known where this one goes, and it goes nowhere else.
        if (allowance.to === "") allowance.to = passage.to;
        return { incident: allowance.incident, isFirst };
      }
      return undefined;
    },
    giveBack(passage) {
      for (const { used } of allowances.values()) for (const [step, id] of used) if (id === passage) used.delete(step);
    },
  };
}

function isFor({ way, to, sessionKey, isOnce, used }: Allowance, passage: Passage): boolean {
  const step = steps[passage.step];
  if (step?.way !== way) return false;
  if (isOnce && [...used.keys()].some((one) => (steps[one]?.rank ?? 0) > step.rank)) return false;
  const place = passage.to;
  if (sessionKey !== "" && passage.sessionKey !== "") {
    if (sessionKey !== passage.sessionKey) return false;
    return to === "" || place === "" || to === place;
  }
  // A file that comes in is nobody's yet, and goes nowhere but into the store.
  if (way === "keep" && sessionKey === "" && passage.sessionKey === "") return to === place;
  // The wall at the way out knows no session: the place alone says whose it is.
  return to !== "" && (to === place || (place.endsWith(":") && to.startsWith(place)));
}
