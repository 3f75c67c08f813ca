// Time that only the test moves.
import type { Clock } from "../../src/base/clock.ts";

export type TestClock = Clock & { advance(ms: number): void };

export function createTestClock(start = 1_000_000): TestClock {
  let now = start;
  return {
    now: () => now,
    advance(ms) {
      now += ms;
    },
  };
}
