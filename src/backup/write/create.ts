// Makes a backup: what belongs to it, one file after the other, and at the end the list of them.
import { backupName } from "../folder.ts";
import { manifestName } from "../manifest.ts";
import type { BackupKind, Manifest } from "../manifest.ts";
import { writeArchive } from "./archive.ts";
import type { Archive, Source } from "./archive.ts";
import { collectFiles } from "./collect.ts";

export type BackupOrder = {
  readonly stateDir: string;
  readonly folder: string;
  readonly kind: BackupKind;
  /** `age1…`; without any the archive is plain. */
  readonly recipients: readonly string[];
  readonly version: string;
  readonly now: number;
  /** The database: path in the backup by where its copy is now. */
  readonly database: ReadonlyMap<string, string>;
  readonly head?: Manifest["head"] | undefined;
  /** Files whose content is not the one on the disk, by path. */
  readonly instead: ReadonlyMap<string, string>;
};

export type CreatedBackup = {
  readonly path: string;
  readonly bytes: number;
  readonly files: number;
  readonly skipped: readonly string[];
};

export async function createBackup(order: BackupOrder, signal: AbortSignal): Promise<CreatedBackup> {
  const { folder, kind, recipients, now } = order;
  const name = backupName(now, kind, recipients.length > 0);
  const { path, bytes, packed } = await writeArchive(
    { folder, name, recipients, now },
    (archive) => pack(archive, order),
    signal,
  );
  return { path, bytes, files: packed.files.length, skipped: packed.skipped };
}

async function pack(archive: Archive, order: BackupOrder): Promise<Manifest> {
  const { stateDir, kind, version, now, database, head, instead } = order;
  const { files, skipped } = await collectFiles(stateDir, kind);
  const listed: Manifest["files"][number][] = [];
  const add = async (path: string, source: Source): Promise<void> => {
    const text = instead.get(path);
    const done = text === undefined ? await archive.file(path, source) : await archive.text(path, text);
    if (done !== undefined) listed.push({ path, ...done });
  };
  for (const path of files) await add(path, { root: stateDir, path });
  for (const path of instead.keys()) if (!files.includes(path)) await add(path, "");
  for (const [path, source] of database) await add(path, source);
  const createdAt = new Date(now).toISOString();
  const about = head === undefined ? {} : { head };
  const manifest: Manifest = { format: 1, kind, createdAt, version, ...about, files: listed, skipped: [...skipped] };
  await archive.text(manifestName, JSON.stringify(manifest));
  return manifest;
}
