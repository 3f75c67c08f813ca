// What bounds the guard: how often it puts files back in a row, and how much it remembers for whoever listens later.
import { limits } from "../../base/limits.ts";
import type { Finding } from "./guard.ts";

/** The bound on the rounds of a fight that cannot be won: another process that writes without end. */
export function createFight() {
  let rounds: readonly number[] = [];
  let restsUntil = 0;
  return {
    isOn: () => performance.now() < restsUntil,
    round(): "go on" | "lost" {
      const now = performance.now();
      rounds = [...rounds.filter((at) => now - at < limits.watchdogWindowMs), now];
      if (rounds.length <= limits.watchdogRoundsMax) return "go on";
      restsUntil = now + limits.watchdogRestMs;
      return "lost";
    },
  };
}

export function createEmitter() {
  let waiting: Finding[] = [];
  let hear: ((finding: Finding) => void) | undefined;
  return {
    emit(finding: Finding): void {
      if (hear === undefined) waiting = [...waiting, finding].slice(-limits.pendingMax);
      else hear(finding);
    },
    listen(listener: (finding: Finding) => void): void {
      hear = listener;
      for (const finding of waiting.splice(0)) listener(finding);
    },
  };
}
