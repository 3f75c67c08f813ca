// Keeps what is kept within its bounds: stale and surplus sessions, windows that a reset ended, messages long answered.
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import { sleep } from "../base/wait.ts";
import type { Keep, MediaKeep, Store } from "../store/store.ts";

export type MaintenanceRule = {
  /** `warn` keeps every session, window and message. Received files are bounded in any case. */
  readonly mode: "enforce" | "warn";
  /** Sessions untouched for so long go, and windows that ended so long ago; 0 keeps them. */
  readonly pruneAfterMs: number;
  readonly sessionsMax: number;
  /** Of all transcripts in the database. */
  readonly bytesMax: number;
  readonly media: Omit<MediaKeep, "since"> & { readonly keptMs: number };
};

/** What a rule keeps at a moment. Messages stay long enough that a late duplicate is still known as one. */
export function keepOf(rule: MaintenanceRule, now: number): Keep {
  const { keptMs, ...most } = rule.media;
  const media = { ...most, since: now - keptMs };
  const all = Number.MAX_SAFE_INTEGER;
  if (rule.mode === "warn")
    return { sessionsSince: 0, sessionsMax: all, windowsSince: 0, messagesSince: 0, bytesMax: all, media };
  const since = rule.pruneAfterMs === 0 ? 0 : now - rule.pruneAfterMs;
  return {
    sessionsSince: since,
    sessionsMax: rule.sessionsMax,
    windowsSince: since,
    messagesSince: now - limits.messagesKeptMs,
    bytesMax: rule.bytesMax,
    media,
  };
}

/** Prunes now and then until `signal` ends. A failure is reported and tried again at the next round. */
export async function maintain(
  store: Pick<Store, "prune">,
  options: {
    readonly clock: Clock;
    readonly rule: () => MaintenanceRule;
    /** What is kept beside the store, after each round. */
    readonly trim?: () => Promise<void>;
    readonly report: (error: unknown) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await pruneAll(store, keepOf(options.rule(), options.clock.now()), signal).catch(options.report);
    await options.trim?.().catch(options.report);
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
