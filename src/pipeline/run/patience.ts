// What must be stored is stored, also when the disk is full or the database is locked for a while: the lane waits.
import { codeOf } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { sleep } from "../../base/wait.ts";

/** Repeats `write` while the store cannot be reached. Any other error, and the end of `signal`, ends the trying. */
export async function untilStored<T>(
  write: () => Promise<T>,
  signal: AbortSignal,
  onWait: (error: unknown) => void,
): Promise<T> {
  for (let waitMs: number = limits.storeRetryMs; ; waitMs = Math.min(2 * waitMs, limits.storeRetryMaxMs)) {
    try {
      return await write();
    } catch (error) {
      const code = codeOf(error);
      if (signal.aborted || (code !== "unavailable" && code !== "locked")) throw error;
      onWait(error);
    }
    await sleep(waitMs, signal);
  }
}
