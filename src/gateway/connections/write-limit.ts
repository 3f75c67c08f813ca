// How often one client may change how the gateway is run (GW-039): counted by method, so that a script that writes the
// config in a loop does not keep the same device from restarting it.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { createRecent } from "../recent.ts";

export type WriteLimit = {
  /** Throws `unavailable` once there were too many. */
  count(method: string, client: string): void;
};

export function createWriteLimit(now: () => number): WriteLimit {
  const windowMs = limits.controlWritesWindowMs;
  const windows = createRecent<{ count: number; readonly until: number }>({
    entriesMax: limits.controlWritersMax,
    windowMs,
    now,
  });

  return {
    count(method, client) {
      const key = `${method} ${client}`;
      const window = windows.find(key);
      if (window === undefined) return windows.add(key, { count: 1, until: now() + windowMs });
      window.count += 1;
      if (window.count > limits.controlWritesMax) throw tooMany(method, window.until - now());
    },
  };
}

function tooMany(method: string, retryAfterMs: number): LoricaError {
  const limit = `${limits.controlWritesMax} per ${limits.controlWritesWindowMs / 1_000}s`;
  return new LoricaError("overloaded", `${method} is limited to ${limit} for each device; wait and try again`, {
    retryAfterMs,
    details: { method, limit },
  });
}
