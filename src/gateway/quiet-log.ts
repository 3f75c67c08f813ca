// A log that says the same thing once a minute: whoever sends nonsense ten thousand times gets one line, and a number.
import { limits } from "../base/limits.ts";
import type { EdgeLog } from "./edge.ts";
import { createRecent } from "./recent.ts";

/** `kind` is what counts as the same; nothing that a stranger chose belongs into it. */
export type QuietLog = (kind: string, ...line: Parameters<EdgeLog>) => void;

export function createQuietLog(log: EdgeLog, now: () => number): QuietLog {
  const kinds = createRecent<{ readonly saidAt: number; unsaid: number }>({
    entriesMax: limits.quietKindsMax,
    windowMs: limits.quietMemoryMs,
    now,
  });

  return (kind, level, message, fields) => {
    const known = kinds.find(kind);
    if (known !== undefined && now() - known.saidAt < limits.quietWindowMs) {
      known.unsaid += 1;
      return;
    }
    kinds.add(kind, { saidAt: now(), unsaid: 0 });
    const unsaid = known?.unsaid ?? 0;
    log(level, message, unsaid === 0 ? fields : { ...fields, alsoBefore: unsaid });
  };
}
