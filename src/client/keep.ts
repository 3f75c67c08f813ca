// Keeps a connection open for as long as somebody wants it: opens it again whenever it is lost, each time a little later,
// and never all clients of a restarted gateway at the same moment.
import { codeOf } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { sleep } from "../base/wait.ts";
import type { Connection } from "./connection.ts";
import { pairingRequest, unreachableReason } from "./connection.ts";

export type KeepOptions = {
  readonly open: (signal: AbortSignal) => Promise<Connection>;
  /** Works with one connection; the next one is opened only after it has returned. */
  readonly use: (connection: Connection) => Promise<void>;
  /** What is said when there is none: the reason, and when it is tried again. */
  readonly onDown: (error: unknown, againInMs: number) => void;
  /** From 0 up to 1. */
  readonly random?: () => number;
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
};

/** Returns when `signal` ends; throws what trying again cannot mend. */
export async function keepConnected(options: KeepOptions, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    let reason: unknown;
    try {
      const connection = await options.open(signal);
      failures = 0;
      await serve(connection, options, signal);
      reason = connection.closed.reason;
    } catch (error) {
      if (signal.aborted) return;
      if (!mayMend(error)) throw error;
      reason = error;
    }
    if (signal.aborted) return;
    const againInMs = pairingRequest(reason) === undefined ? backOffMs(failures, options.random) : limits.pairingPollMs;
    failures += 1;
    options.onDown(reason, againInMs);
    await (options.wait ?? sleep)(againInMs, signal).catch(() => undefined);
  }
}

async function serve(connection: Connection, options: KeepOptions, signal: AbortSignal): Promise<void> {
  const ended = new Promise<void>((done) => {
    if (connection.closed.aborted) done();
    connection.closed.addEventListener("abort", () => done(), { once: true });
  });
  const leave = (): void => connection.close();
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  try {
    await options.use(connection);
    await ended;
  } finally {
    signal.removeEventListener("abort", leave);
    connection.close();
  }
}

/** A gateway that is away, busy or has not decided yet; a wrong token or certificate stays wrong. */
function mayMend(error: unknown): boolean {
  if (pairingRequest(error) !== undefined) return true;
  const reason = unreachableReason(error);
  if (reason !== undefined) return reason !== "not_permitted";
  const code = codeOf(error);
  return code === "unavailable" || code === "overloaded" || code === "timeout";
}

/** Doubles from the shortest to the longest wait; half of it is left to chance. */
export function backOffMs(failures: number, random: () => number = Math.random): number {
  const full = Math.min(limits.reconnectMaxMs, limits.reconnectMinMs * 2 ** Math.min(failures, 16));
  return Math.round(full / 2 + (full / 2) * random());
}
