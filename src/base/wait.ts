// Waiting that can be given up. Every wait in the project takes an AbortSignal.
import { setTimeout as delay } from "node:timers/promises";
import { LoricaError } from "./errors.ts";

export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal });
}

/** A signal that ends with the caller's, or after `timeoutMs` with a TimeoutError. */
export function bounded(signal: AbortSignal, timeoutMs: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
}

/** Rejects as soon as `signal` ends, whatever `promise` does. The work behind it must watch the signal by itself. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    // Nobody waits for it any more; that it fails must not be taken for a failure that nobody handled.
    promise.catch(() => undefined);
    throw abortError(signal);
  }
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(abortError(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** What a signal's end means to a person: a passed deadline, or somebody who left. */
export function abortError(signal: AbortSignal): LoricaError {
  const cause: unknown = signal.reason;
  if (cause instanceof LoricaError) return cause;
  const timedOut = cause instanceof Error && cause.name === "TimeoutError";
  return new LoricaError(timedOut ? "timeout" : "cancelled", timedOut ? "the time limit passed" : "cancelled", {
    cause,
  });
}

export type Deadline = { readonly signal: AbortSignal; close(): void };

/** A signal that ends with the caller's or after `timeoutMs`. Its owner closes it, and no timer is left behind. */
export function openDeadline(signal: AbortSignal, timeoutMs: number): Deadline {
  const controller = new AbortController();
  const leave = (): void => controller.abort(signal.reason);
  const timer = setTimeout(() => controller.abort(new LoricaError("timeout", renderTimeLimit(timeoutMs))), timeoutMs);
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  return {
    signal: controller.signal,
    close() {
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
    },
  };
}

/** Gives `work` such a signal, and rejects as soon as it ends, whatever `work` does. */
export async function withDeadline<T>(
  signal: AbortSignal,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (signal.aborted) throw abortError(signal);
  const deadline = openDeadline(signal, timeoutMs);
  try {
    return await unlessAborted(work(deadline.signal), deadline.signal);
  } finally {
    deadline.close();
  }
}

function renderTimeLimit(timeoutMs: number): string {
  return timeoutMs < 1_000
    ? `the time limit of ${timeoutMs} ms passed`
    : `the time limit of ${Math.round(timeoutMs / 1_000)} s passed`;
}
