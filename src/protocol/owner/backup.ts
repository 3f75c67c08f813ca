// What the owner asks of backups.
import { z } from "zod";
import { ownerMethod as method } from "./kit.ts";

const kinds = ["full", "no-transcripts", "config-only"] as const;
const file = z.string().min(1).max(4_096);

export type BackupMade = {
  readonly path: string;
  readonly kind: (typeof kinds)[number];
  readonly bytes: number;
  readonly files: number;
  /** Links and the like, which no backup holds. */
  readonly skipped: readonly string[];
  readonly recipients: readonly string[];
  /** Where the key is that opens it; null where it was sealed for others only, or is plain. */
  readonly opensWith: string | null;
  readonly warnings: readonly string[];
};

export type BackupListed = {
  readonly path: string;
  readonly createdAt: number;
  readonly kind: (typeof kinds)[number];
  readonly bytes: number;
  readonly sealed: boolean;
};

export const backupMethods = {
  "backup.create": method<BackupMade>()({
    summary: "Makes a backup, sealed for the vault's key and for whoever else is named.",
    params: z.strictObject({
      kind: z.enum(kinds).optional(),
      to: file.optional(),
      recipients: z.array(z.string().max(200)).max(20).optional(),
      plain: z.literal(true).optional(),
    }),
  }),
  "backup.verify": method<{
    readonly path: string;
    readonly kind: (typeof kinds)[number];
    readonly createdAt: string;
    readonly version: string;
    readonly files: number;
    readonly bytes: number;
  }>()({
    summary: "Reads a whole backup and holds every file against its hash.",
    params: z.strictObject({ path: file, identity: file.optional(), passphrase: z.string().max(1_024).optional() }),
  }),
  "backup.restore": method<{
    readonly kind: (typeof kinds)[number];
    readonly createdAt: string;
    readonly files: number;
    readonly replaced: string | null;
    readonly stateDir: string;
    readonly notes: readonly string[];
  }>()({
    summary: "Puts a backup in the place of the state directory, which is kept. No gateway may run.",
    params: z.strictObject({
      path: file,
      to: file.optional(),
      identity: file.optional(),
      passphrase: z.string().max(1_024).optional(),
    }),
  }),
  "backup.list": method<{
    readonly folder: string;
    readonly backups: readonly BackupListed[];
    /** When the last one of the schedule was made; null where there is no schedule or none was made. */
    readonly lastRunAt: number | null;
    readonly nextRunAt: number | null;
  }>()({
    summary: "The backups of a folder, the newest first, and when the schedule makes the next one.",
    params: z.strictObject({ folder: file.optional() }),
  }),
  "backup.accept": method<{ readonly accepted: true }>()({
    summary: "The database that is there now is the right one, although it is older or another. No gateway may run.",
    params: z.strictObject({}),
  }),
} as const;
