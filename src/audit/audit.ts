// What was decided and what was done, in the order it happened.
import type { Verb } from "../base/action.ts";

/** The first four come from the gateway too; all others are the broker's alone to record. */
export type AuditKind =
  | "decision"
  | "effect"
  /** Who let which device, node or sender in, or sent them away. */
  | "pairing"
  | "approval"
  | "start"
  | "stop"
  | "config"
  /** A connection or request that was judged at the way out. */
  | "egress"
  /** Something that must not leave was found; where, never what. */
  | "dlp"
  | "hook"
  | "vault"
  | "watchdog"
  | "backup"
  | "incident"
  /** Records were left out, and how many. */
  | "loss";

export type AuditRecord = {
  readonly kind: AuditKind;
  readonly verb?: Verb;
  readonly verdict?: "allow" | "deny";
  /** The rule that decided. */
  readonly rule?: string;
  readonly reason?: string;
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly principal?: string;
  /** Where nobody of a channel did it: `owner` (behind their own socket), `device:<id>`, `token`, `schedule`, `cell`. */
  readonly actor?: string;
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
export { silentLog } from "./log.ts";
export type { Log, LogFields, LogLevel } from "./log.ts";
export type { LogSettings, LogThreshold, LogWriter, LogWriterOptions } from "./writer/log-writer.ts";
