// Whether the disk below a folder is nearly full: then logs and copies stop, so that what is left goes to what people wait
// for. Looked at when it is asked, and not more often than every few seconds.
import { statfsSync } from "node:fs";
import { limits } from "../limits.ts";

export type DiskLook = {
  readonly freeBytes: () => number;
  readonly isLow: () => boolean;
};

export function createDiskLook(folder: string): DiskLook {
  let seen = { at: -Infinity, free: Infinity };
  const freeBytes = (): number => {
    const now = performance.now();
    if (now - seen.at >= limits.diskLookMs) seen = { at: now, free: look(folder, seen.free) };
    return seen.free;
  };
  return { freeBytes, isLow: () => freeBytes() < limits.diskFreeMinBytes };
}

/** A folder that cannot be asked about is not a full disk: whoever writes there finds out by itself. */
function look(folder: string, before: number): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return before;
  }
}
