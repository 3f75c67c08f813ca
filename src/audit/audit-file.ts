// Writes audit records as JSON lines: all of them to one file, commands to a second that is easier to read. Records
// that come from the gateway are checked and marked as its own.
import type { Clock } from "../base/clock.ts";
import { isRecord } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";
import type { AuditKind, AuditLog, AuditRecord } from "./audit.ts";

export type AuditWriterOptions = {
  readonly clock: Clock;
  /** Appends a line to `audit.jsonl`. */
  readonly write: (line: string) => void;
  /** Appends a line to `commands.log`. */
  readonly writeCommand: (line: string) => void;
  readonly redact: (text: string) => string;
  /** Hears each record; must be quick and must not record. */
  readonly onRecord?: (record: AuditRecord) => void;
};

export type AuditWriter = {
  /** The audit log of one process. */
  source(name: "broker" | "gateway"): AuditLog;
};

export function createAuditWriter(options: AuditWriterOptions): AuditWriter {
  return {
    source: (name) => ({
      record(record) {
        const time = new Date(options.clock.now()).toISOString();
        const line = JSON.stringify({ time, source: name, ...show(record, options.redact) });
        options.write(line);
        if (record.verb === "process.run") options.writeCommand(line);
        options.onRecord?.(record);
      },
    }),
  };
}

/**
 * Each text is redacted by itself and not the line: what somebody put into a command must not swallow, as a part of some
 * credential, what is recorded beside it.
 */
function show(record: Readonly<Record<string, unknown>>, redact: (text: string) => string): Record<string, unknown> {
  const shown = Object.entries(record).map(([name, value]) => {
    if (typeof value === "string") return [name, bound(redact(value))];
    return [name, isRecord(value) ? show(value, redact) : value];
  });
  return Object.fromEntries(shown);
}

function bound(text: string): string {
  const { auditTextMaxChars } = limits;
  return text.length > auditTextMaxChars ? `${text.slice(0, auditTextMaxChars)}… (${text.length} characters)` : text;
}

const texts = ["verb", "rule", "reason", "agentId", "sessionKey", "principal", "actor", "resource"] as const;
const resultsMax = 32;

const gatewayKinds: readonly unknown[] = ["decision", "effect", "pairing", "approval"] satisfies AuditKind[];

/** A record of the gateway's: it reports what it decides and does; starts, stops and config are the broker's to report. */
export function parseAuditRecord(value: unknown): Parsed<AuditRecord> {
  if (!isRecord(value)) return rejected("not an object");
  const { kind, verdict, result } = value;
  if (!gatewayKinds.includes(kind)) return rejected("a kind that is not the gateway's to record");
  if (verdict !== undefined && verdict !== "allow" && verdict !== "deny") return rejected("an unknown verdict");
  const record: Record<string, unknown> = { kind, ...(verdict === undefined ? {} : { verdict }) };
  for (const name of texts) {
    const text = value[name];
    if (text === undefined) continue;
    if (typeof text !== "string") return rejected(`${name} is not text`);
    record[name] = text.slice(0, limits.auditTextMaxChars);
  }
  if (result !== undefined) {
    if (!isRecord(result)) return rejected("result is not an object");
    const entries = Object.entries(result).filter(([, each]) => ["string", "number", "boolean"].includes(typeof each));
    record["result"] = Object.fromEntries(
      entries
        .slice(0, resultsMax)
        .map(([name, each]) => [
          name.slice(0, 64),
          typeof each === "string" ? each.slice(0, limits.auditTextMaxChars) : each,
        ]),
    );
  }
  return parsed(record as AuditRecord);
}
