// What was found that does not open: a bounded list for whoever asks, and one line of the log for each.
import { limits } from "../../base/limits.ts";
import type { Damage } from "./port.ts";

export type DamageList = {
  add(damage: Damage): void;
  all(): readonly Damage[];
};

export function createDamageList(report: (damage: Damage) => void): DamageList {
  const known = new Map<string, Damage>();
  return {
    add(damage) {
      const key = JSON.stringify([damage.sessionKey, damage.what]);
      if (known.has(key) || known.size >= limits.damagesMax) return;
      known.set(key, damage);
      report(damage);
    },
    all: () => [...known.values()],
  };
}
