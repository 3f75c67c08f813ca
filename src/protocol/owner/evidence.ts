// What the owner asks of the evidence log: records, whether they are whole, and a copy that verifies elsewhere.
import { z } from "zod";
import { ownerMethod as method } from "./kit.ts";

const name = z.string().min(1).max(512);

export const auditFilter = {
  kinds: z.array(z.string().min(1).max(32)).min(1).max(16).optional(),
  verdict: z.enum(["allow", "deny"]).optional(),
  agent: name.optional(),
  session: name.optional(),
  /** Who did it: an actor, or the principal of a turn. */
  actor: name.optional(),
  /** Stands anywhere in the record, in whatever case. */
  text: name.optional(),
  /** Milliseconds since 1970. */
  since: z.int().min(0).optional(),
  until: z.int().min(0).optional(),
};

export type AuditFinding = {
  readonly file: string;
  readonly line: number | null;
  readonly seq: number | null;
  readonly what: string;
};

export type AuditHead = { readonly seq: number; readonly hash: string };

/** What the verifier found. */
export type AuditReport = {
  readonly verdict: "intact" | "broken" | "unsigned" | "empty";
  readonly files: readonly string[];
  readonly records: number;
  readonly first: number | null;
  readonly last: AuditHead | null;
  /** The last record that a good signature covers; 0 where there is none. */
  readonly signedUpTo: number;
  readonly problems: readonly AuditFinding[];
  readonly notes: readonly AuditFinding[];
  /** The same as text. */
  readonly text: string;
};

/** A line of the log, as it was written; `seq`, `time`, `source` and `kind` are always there. */
export type AuditLine = Readonly<Record<string, unknown>>;

export const evidenceMethods = {
  "audit.query": method<{ readonly records: readonly AuditLine[]; readonly next: number }>()({
    summary: "The newest records of the evidence log that fit, oldest first; or those after a number.",
    params: z.strictObject({
      ...auditFilter,
      after: z.int().min(0).optional(),
      limit: z.int().min(1).max(1_000).optional(),
    }),
  }),
  "audit.verify": method<AuditReport>()({
    summary: "Whether the evidence log is whole and signed; what was changed or is missing, by file, line and record.",
    params: z.strictObject({
      key: z.string().length(43).optional(),
      head: z.strictObject({ seq: z.int().min(1), hash: z.string().length(43) }).optional(),
    }),
  }),
  "audit.key": method<{
    readonly publicKey: string | null;
    readonly folder: string;
    readonly head: AuditHead | null;
  }>()({
    summary: "The public key that the log is signed with, and its last record: both are worth keeping elsewhere.",
    params: z.strictObject({}),
  }),
  "audit.export": method<{
    readonly folder: string;
    readonly files: readonly string[];
    /** How many records fit the filter; null where none was given. */
    readonly selected: number | null;
  }>()({
    summary: "Copies the log into a new folder, with the verifier and the public key.",
    params: z.strictObject({ ...auditFilter, folder: z.string().min(1).max(4_096) }),
  }),
} as const;
