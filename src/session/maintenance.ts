// Keeps what is kept within its bounds: stale and surplus sessions, windows that a reset ended, messages long answered.
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import { sleep } from "../base/wait.ts";
import type { Keep, Store } from "../store/store.ts";

export type MaintenanceRule = {
  /** `warn` changes nothing. */
  readonly mode: "enforce" | "warn";
  /** Sessions untouched for so long go, and windows that ended so long ago; 0 keeps them. */
  readonly pruneAfterMs: number;
  readonly sessionsMax: number;
};

/** What a rule keeps at a moment. Messages stay long enough that a late duplicate is still known as one. */
export function keepOf(rule: MaintenanceRule, now: number): Keep {
  const since = rule.pruneAfterMs === 0 ? 0 : now - rule.pruneAfterMs;
  return {
    sessionsSince: since,
    sessionsMax: rule.sessionsMax,
    windowsSince: since,
    messagesSince: now - limits.messagesKeptMs,
  };
}

/** Prunes now and then until `signal` ends. A failure is reported and tried again at the next round. */
export async function maintain(
  store: Pick<Store, "prune">,
  options: {
    readonly clock: Clock;
    readonly rule: () => MaintenanceRule;
    readonly report: (error: unknown) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const rule = options.rule();
    if (rule.mode === "enforce") await pruneAll(store, keepOf(rule, options.clock.now()), signal).catch(options.report);
    await rest(limits.maintenanceIntervalMs, signal);
  }
}

/** In batches, with a breath in between, so that a turn never waits behind a year of old messages. */
async function pruneAll(store: Pick<Store, "prune">, keep: Keep, signal: AbortSignal): Promise<void> {
  for (;;) {
    const pruned = await store.prune(keep);
    if (signal.aborted || Object.values(pruned).every((count) => count < limits.pruneBatchMax)) return;
    await rest(limits.pruneBreathMs, signal);
  }
}

/** A rest that is cut short is over, and nothing worse. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await Promise.allSettled([sleep(ms, signal)]);
}
