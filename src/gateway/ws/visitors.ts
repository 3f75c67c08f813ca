// Counts WebSockets: those that have not proved yet who they are, by client address, and all that are open. Whoever is
// one too many is refused before there is anything to keep for them.
import { limits } from "../../base/limits.ts";

export type Unproved = { fail(code: number, reason: string): void };

export type Visitors = {
  /** Why one more from there may not come in; undefined where it may. */
  problem(address: string, isLocal: boolean): "address" | "total" | undefined;
  /** Answers what to call once it has proved who it is, and what to call when it is gone. */
  enter(address: string, visitor: Unproved): { readonly proved: () => void; readonly left: () => void };
};

type Count = { all: number; unproved: number };

export function createVisitors(): Visitors {
  const byAddress = new Map<string, Count>();
  // Oldest first: a client of ours needs milliseconds, so whoever has waited longest is the least loss.
  const waiting = new Map<Unproved, () => void>();
  let total = 0;

  function enterAddress(address: string): Count {
    const count = byAddress.get(address) ?? { all: 0, unproved: 0 };
    byAddress.set(address, count);
    count.all += 1;
    count.unproved += 1;
    total += 1;
    return count;
  }

  function makeRoom(): void {
    const [oldest] = waiting;
    if (oldest === undefined || waiting.size < limits.wsUnprovedMax) return;
    const [visitor, stopWaiting] = oldest;
    stopWaiting();
    visitor.fail(1013, "too many connections have not said who they are");
  }

  return {
    problem(address, isLocal) {
      const { all, unproved } = byAddress.get(address) ?? { all: 0, unproved: 0 };
      if (unproved >= limits.wsUnprovedPerAddressMax) return "address";
      // Directly from this machine comes everything that a tunnel or a local proxy brings.
      if (!isLocal && all >= limits.wsPerAddressMax) return "address";
      return total >= limits.wsConnectionsMax ? "total" : undefined;
    },
    enter(address, visitor) {
      makeRoom();
      const count = enterAddress(address);
      const proved = (): void => {
        if (waiting.delete(visitor)) count.unproved -= 1;
      };
      waiting.set(visitor, proved);
      const left = (): void => {
        proved();
        count.all -= 1;
        total -= 1;
        if (count.all === 0) byAddress.delete(address);
      };
      return { proved, left };
    },
  };
}
