// What the hooks have let pass, until it is done: so that a call which the gateway asked about beforehand is not judged
// twice, and one that it did not ask about is judged where it would take effect.
import type { Clock } from "../base/clock.ts";
import { sha256 } from "../base/ids.ts";
import { limits } from "../base/limits.ts";
import type { CellAction } from "./tools.ts";

export type Passes = {
  /** Single use, for exactly this action of this session. */
  add(action: CellAction): void;
  take(action: CellAction): boolean;
};

export function createPasses(clock: Clock): Passes {
  const open = new Map<string, number[]>();
  let count = 0;

  function takeFrom(digest: string, times: number[]): number | undefined {
    const expiresAt = times.shift();
    if (expiresAt !== undefined) count -= 1;
    if (times.length === 0) open.delete(digest);
    return expiresAt;
  }

  /** The oldest go first: what was let pass and never done is nobody's any more. */
  function makeRoom(): void {
    for (const [digest, times] of open) {
      if (count < limits.hookPassesMax) return;
      takeFrom(digest, times);
    }
  }

  return {
    add(action) {
      makeRoom();
      const digest = digestOf(action);
      open.set(digest, [...(open.get(digest) ?? []), clock.now() + limits.grantLifetimeMs]);
      count += 1;
    },
    take(action) {
      const digest = digestOf(action);
      const times = open.get(digest) ?? [];
      for (let expiresAt = takeFrom(digest, times); expiresAt !== undefined; expiresAt = takeFrom(digest, times))
        if (expiresAt >= clock.now()) return true;
      return false;
    },
  };
}

function digestOf({ verb, agentId, sessionKey, resource }: CellAction): string {
  const fields = Object.entries(resource).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return sha256(JSON.stringify([verb, agentId, sessionKey, fields]));
}
