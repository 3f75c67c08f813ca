// How long to wait before something is tried again: longer each time, never the same for two, and bounded.
import { limits } from "../../src/base/limits.ts";

export type Backoff = { next(atLeastMs?: number): number; reset(): void };

export function createBackoff(): Backoff {
  let failures = 0;
  return {
    next(atLeastMs = 0) {
      const growing = Math.min(limits.telegramBackoffMaxMs, limits.telegramBackoffMs * 2 ** failures);
      failures = Math.min(failures + 1, 16);
      return Math.max(atLeastMs, growing * (0.5 + Math.random() / 2));
    },
    reset() {
      failures = 0;
    },
  };
}
