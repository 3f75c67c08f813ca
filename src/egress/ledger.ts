// What went out and what was stopped, for the record and for whoever asks. The first of its kind is written at once and so
// is every new one; repeats within a minute become one line with their number, so that no flood pushes others out.
import type { AuditLog, AuditRecord } from "../audit/audit.ts";
import { limits } from "../base/limits.ts";
import type { EgressEntry } from "./proxy/proxy.ts";

export type Seen = EgressEntry & { readonly at: number };

export type Ledger = {
  record(entry: EgressEntry): void;
  /** Newest last. */
  recent(): readonly Seen[];
  counts(): { readonly allowed: number; readonly denied: number };
  /** Writes what is still counted. */
  close(): void;
};

type Repeats = { readonly entry: EgressEntry; count: number; upBytes: number; downBytes: number };

const minuteMs = 60_000;

export function createLedger({ audit, now }: { readonly audit: AuditLog; readonly now: () => number }): Ledger {
  const seen: Seen[] = [];
  const repeats = new Map<string, Repeats>();
  let [allowed, denied] = [0, 0];
  const timer = setInterval(flush, minuteMs).unref();

  function flush(): void {
    for (const { entry, count, upBytes, downBytes } of repeats.values())
      if (count > 0) audit.record(toRecord({ ...entry, upBytes, downBytes }, count));
    repeats.clear();
  }

  return {
    record(entry) {
      if (entry.verdict === "allow") allowed += 1;
      else denied += 1;
      seen.push({ ...entry, at: now() });
      if (seen.length > limits.egressRecentMax) seen.shift();
      const { agentId, sessionKey, host, port, method, verdict, rule } = entry;
      const kind = JSON.stringify([agentId, sessionKey, host, port, method, verdict, rule]);
      // What a cell makes up freely, as the names that it asks for, has one line in common past the bound.
      const key = repeats.has(kind) || repeats.size < limits.egressRecordsPerMinute ? kind : `${agentId} ${verdict}`;
      const known = repeats.get(key);
      if (known === undefined) {
        repeats.set(key, { entry, count: 0, upBytes: 0, downBytes: 0 });
        return audit.record(toRecord(entry, 1));
      }
      known.count += 1;
      known.upBytes += entry.upBytes;
      known.downBytes += entry.downBytes;
    },
    recent: () => seen,
    counts: () => ({ allowed, denied }),
    close() {
      clearInterval(timer);
      flush();
    },
  };
}

function toRecord(entry: EgressEntry, count: number): AuditRecord {
  const { agentId, sessionKey, host, port, method, path, transport, verdict, rule, reason } = entry;
  return {
    kind: "egress",
    actor: "cell",
    agentId,
    sessionKey,
    verdict,
    rule,
    ...(reason === undefined ? {} : { reason }),
    resource: `${method === undefined ? "" : `${method} `}${host}:${port}${path ?? ""}`,
    result: {
      transport,
      upBytes: entry.upBytes,
      downBytes: entry.downBytes,
      durationMs: Math.round(entry.durationMs),
      ...(count === 1 ? {} : { count }),
    },
  };
}
