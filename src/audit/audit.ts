// What was decided and what was done, in the order it happened. Step 3 signs and chains these records; who writes them
// and what they hold does not change then.
import type { Verb } from "../base/action.ts";

export type AuditRecord = {
  readonly kind: "decision" | "effect" | "config" | "start" | "stop";
  readonly verb?: Verb;
  readonly verdict?: "allow" | "deny";
  /** The rule that decided. */
  readonly rule?: string;
  readonly reason?: string;
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly principal?: string;
  /** The resource in one line: a command, a path, a URL. Redacted before it is written. */
  readonly resource?: string;
  /** Exit code, bytes, duration in milliseconds and the like. */
  readonly result?: Readonly<Record<string, string | number | boolean>>;
};

/** Recording never fails the caller: what cannot be written is reported by the writer itself. */
export type AuditLog = { record(record: AuditRecord): void };

export { createAuditWriter, parseAuditRecord } from "./audit-file.ts";
export type { AuditWriter, AuditWriterOptions } from "./audit-file.ts";
export { readLogTail } from "./log-tail.ts";
export type { LogTail } from "./log-tail.ts";
export { silentLog } from "./log.ts";
export type { Log, LogFields, LogLevel } from "./log.ts";
