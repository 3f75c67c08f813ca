// A counting gate: so many at a time, the rest wait their turn or leave when their signal ends.
import { abortError } from "../../base/wait.ts";

export type Slots = { use<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> };

export function createSlots(max: number): Slots {
  let free = max;
  const waiting = new Set<() => void>();

  async function enter(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw abortError(signal);
    if (free > 0) {
      free -= 1;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      waiting.delete(resolve);
      reject(abortError(signal));
    };
    waiting.add(resolve);
    signal.addEventListener("abort", leave, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  /** A slot goes straight to whoever has waited longest. */
  function exit(): void {
    const [next] = waiting;
    if (next === undefined) {
      free += 1;
      return;
    }
    waiting.delete(next);
    next();
  }

  return {
    async use(work, signal) {
      await enter(signal);
      try {
        return await work();
      } finally {
        exit();
      }
    },
  };
}
