// Reads a whole backup and holds every file against its hash, without writing anything.
import { limits } from "../../base/limits.ts";
import type { BackupKind } from "../manifest.ts";
import { readEntries } from "./entries.ts";

export type VerifiedBackup = {
  readonly path: string;
  readonly kind: BackupKind;
  readonly createdAt: string;
  readonly version: string;
  readonly files: number;
  readonly bytes: number;
};

export async function verifyBackup(path: string, identities: readonly string[], signal: AbortSignal) {
  const nothing = async (): Promise<void> => undefined;
  const sink = { begin: nothing, write: nothing, end: nothing, close: nothing };
  const manifest = await readEntries(path, { identities, sink, bytesMax: limits.backupBytesMax }, signal);
  const { kind, createdAt, version, files } = manifest;
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return { path, kind, createdAt, version, files: files.length, bytes } satisfies VerifiedBackup;
}
