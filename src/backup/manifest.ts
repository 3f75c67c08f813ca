// The list of what a backup holds, with a hash for each file. It is the last file of the archive, so that one without it is
// known to be cut off.
import { z } from "zod";
import { LoricaError } from "../base/errors.ts";
import { parseJson } from "../base/json.ts";
import { limits } from "../base/limits.ts";

export const manifestName = "lorica-backup.json";

export const backupKinds = ["full", "no-transcripts", "config-only"] as const;

const schema = z.strictObject({
  format: z.literal(1),
  kind: z.enum(backupKinds),
  createdAt: z.string(),
  version: z.string(),
  /** Which moment of the database it shows. */
  head: z.strictObject({ lineage: z.string(), writes: z.int() }).optional(),
  files: z
    .array(
      z.strictObject({
        path: z.string(),
        size: z.int().min(0),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .max(limits.backupFilesMax),
  /** What is no plain file and was left out: links, sockets and the like. */
  skipped: z.array(z.string()).max(limits.backupSkippedMax),
});

export type Manifest = z.infer<typeof schema>;
export type BackupKind = Manifest["kind"];

export function parseManifest(bytes: Buffer): Manifest {
  const json = parseJson(bytes.toString("utf8"));
  const manifest = json.ok ? schema.safeParse(json.value) : undefined;
  if (manifest?.success === true) return manifest.data;
  throw new LoricaError("conflict", "the backup's list of files is not one that this version can read");
}
