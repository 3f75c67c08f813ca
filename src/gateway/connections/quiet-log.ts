// A log that says the same thing a few times a minute: whoever sends nonsense ten thousand times gets a line, and a number.
import { limits } from "../../base/limits.ts";
import type { EdgeLog } from "../edge.ts";
import { createRecent } from "../recent.ts";
import type { Refused } from "../ws.ts";

/** `kind` is what counts as the same; nothing that a stranger chose belongs into it. */
export type QuietLog = (kind: string, ...line: Parameters<EdgeLog>) => void;

export type QuietOptions = {
  readonly log: EdgeLog;
  readonly now: () => number;
  /** Lines of one kind in a minute. */
  readonly linesMax: number;
};

export function createQuietLog({ log, now, linesMax }: QuietOptions): QuietLog {
  const kinds = createRecent<{ since: number; said: number; unsaid: number }>({
    entriesMax: limits.quietKindsMax,
    windowMs: limits.quietMemoryMs,
    now,
  });

  return (kind, level, message, fields) => {
    const known = kinds.find(kind) ?? { since: now(), said: 0, unsaid: 0 };
    if (now() - known.since >= limits.quietWindowMs) Object.assign(known, { since: now(), said: 0 });
    kinds.add(kind, known);
    if (known.said >= linesMax) {
      known.unsaid += 1;
      return;
    }
    log(level, message, known.unsaid === 0 ? fields : { ...fields, alsoBefore: known.unsaid });
    Object.assign(known, { said: known.said + 1, unsaid: 0 });
  };
}

/** For requests that failed: all of them are in the log, until they are more than a person could ever make. */
export function boundFailures(deps: { readonly log: EdgeLog; readonly now: () => number }): EdgeLog {
  const quiet = createQuietLog({ ...deps, linesMax: limits.failureLinesMax });
  return (level, message, fields) => quiet(`${level} ${String(fields["code"])}`, level, message, fields);
}

/** For connections that were refused or closed for misuse: one line for each kind, because anybody can cause them. */
export function logRefusals(deps: { readonly log: EdgeLog; readonly now: () => number }): (refused: Refused) => void {
  const quiet = createQuietLog({ ...deps, linesMax: 1 });
  return ({ code, reason, address }) => {
    // Behind its first words a reason may name what the client sent.
    const kind = `${code} ${reason.slice(0, reasonKindChars)}`;
    quiet(kind, "info", "a WebSocket was refused", { code, reason, address });
  };
}

const reasonKindChars = "invalid connect params: ".length;
