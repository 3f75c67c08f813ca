// A gateway ticks. Twice as long without a sign of life means that it is gone, whatever TCP still believes.
import { limits } from "../base/limits.ts";

export type Watchdog = { start(tickIntervalMs: number): void; heard(): void; stop(): void };

/** Starts a timer and answers how to stop it. */
export type StartTimer = (work: () => void, ms: number) => () => void;

export function createWatchdog(
  onSilence: (patienceMs: number) => void,
  startTimer: StartTimer = unreferenced,
): Watchdog {
  let patienceMs: number | undefined;
  let stop: (() => void) | undefined;

  function heard(): void {
    if (patienceMs === undefined) return;
    const waitedMs = patienceMs;
    stop?.();
    stop = startTimer(() => onSilence(waitedMs), waitedMs);
  }

  return {
    start(tickIntervalMs) {
      // What the gateway says of itself is kept within reason.
      patienceMs = 2 * Math.min(Math.max(tickIntervalMs, limits.clientTickMinMs), limits.clientTickMaxMs);
      heard();
    },
    heard,
    stop() {
      patienceMs = undefined;
      stop?.();
    },
  };
}

/** A connection that nobody waits on must not keep a command alive. */
function unreferenced(work: () => void, ms: number): () => void {
  const timer = setTimeout(work, ms);
  timer.unref();
  return () => clearTimeout(timer);
}
