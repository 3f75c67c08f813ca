// What must be stored is stored, also when the disk is full or the database is locked for a while: the lane waits. The
// people who asked do not: they are told what is wrong, and that the answer is kept for later.
import { codeOf, LoricaError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import { sleep } from "../../base/wait.ts";
import type { Runs } from "./runs.ts";

/** Hears of each failure; `waitedMs` since the first try. */
export type OnWait = (error: unknown, waited: { readonly isFirst: boolean; readonly waitedMs: number }) => void;

/** Repeats `write` while the store cannot be reached. Any other error, and the end of `signal`, ends the trying. */
export async function untilStored<T>(write: () => Promise<T>, signal: AbortSignal, onWait: OnWait): Promise<T> {
  const since = performance.now();
  let isFirst = true;
  for (let waitMs: number = limits.storeRetryMs; ; waitMs = Math.min(2 * waitMs, limits.storeRetryMaxMs)) {
    try {
      return await write();
    } catch (error) {
      const code = codeOf(error);
      if (signal.aborted || (code !== "unavailable" && code !== "locked")) throw error;
      onWait(error, { isFirst, waitedMs: performance.now() - since });
      isFirst = false;
    }
    await sleep(waitMs, signal);
  }
}

type Told = { readonly runs: Runs; readonly report: (id: string, error: unknown) => void };

/** Logs the first failure, and once it has lasted, tells those who wait for these runs. */
export function tellWaiting(runIds: readonly string[], { runs, report }: Told): OnWait {
  return (error, { isFirst, waitedMs }) => {
    if (isFirst) report(newId(), error);
    if (waitedMs < limits.storePatienceMs) return;
    const why = error instanceof Error ? error.message : String(error);
    const message = `the answer cannot be stored yet: ${why}. Your message is kept and Lorica goes on trying`;
    runs.tell(runIds, new LoricaError(codeOf(error), message, { cause: error }));
  };
}
