// The folder that backups are put into: how they are called, which there are, which are too old, and what a run that was
// killed left behind.
import { mkdir, readdir, realpath, rm, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { errnoOf, isMissing, LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import type { BackupKind } from "./manifest.ts";

export type BackupFile = {
  readonly path: string;
  readonly createdAt: number;
  readonly kind: BackupKind;
  readonly bytes: number;
  readonly sealed: boolean;
};

/** Where the sealed key of a backup is, after its own name. */
export const keyEnding = ".key";

const shape = /^lorica-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-(full|no-transcripts|config-only)\.tar(\.age)?$/;
const partialShape = /^\.lorica-[0-9TZ]+-[a-z-]+\.tar(\.age)?\.[0-9a-f-]{36}\.partial$/;

export function backupName(at: number, kind: BackupKind, isSealed: boolean): string {
  return archiveName(at, kind, isSealed);
}

/** Archives of other kinds are called alike, so that what a run that was killed has left of them is found as well. */
export function archiveName(at: number, kind: string, isSealed: boolean): string {
  const time = new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return `lorica-${time}-${kind}.tar${isSealed ? ".age" : ""}`;
}

/** The newest first. */
export async function listBackups(folder: string): Promise<readonly BackupFile[]> {
  const found: BackupFile[] = [];
  for (const name of await namesIn(folder)) {
    const match = shape.exec(name);
    if (match === null) continue;
    const [, year, month, day, hour, minute, second, kind, sealed] = match;
    const path = join(folder, name);
    const about = await stat(path).catch(() => undefined);
    if (about?.isFile() !== true) continue;
    const createdAt = Date.UTC(
      Number(year),
      Number(month) - 1,
      Number(day),
      Number(hour),
      Number(minute),
      Number(second),
    );
    found.push({ path, createdAt, kind: kind as BackupKind, bytes: about.size, sealed: sealed !== undefined });
  }
  return found.toSorted((left, right) => right.createdAt - left.createdAt || (left.path < right.path ? 1 : -1));
}

/** Keeps the newest of one kind, and answers what went. */
export async function removeOldBackups(folder: string, kind: BackupKind, keep: number): Promise<readonly string[]> {
  const old = (await listBackups(folder)).filter((file) => file.kind === kind).slice(keep);
  for (const { path } of old) await removeBackup(path);
  return old.map(({ path }) => path);
}

/** With the sealed key that a vault with a passphrase has put beside it. */
export async function removeBackup(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(`${path}${keyEnding}`, { force: true });
}

/** A backup is written under a name that says it is not whole; one that nobody writes to any more was killed. */
export async function removePartials(folder: string, now: number): Promise<void> {
  for (const name of await namesIn(folder)) {
    if (!partialShape.test(name)) continue;
    const about = await stat(join(folder, name)).catch(() => undefined);
    if (about !== undefined && now - about.mtimeMs > limits.backupPartialMs)
      await rm(join(folder, name), { force: true });
  }
}

export async function makeFolder(folder: string): Promise<void> {
  try {
    await makeWithParents(folder);
  } catch (cause) {
    throw notWritable(folder, cause);
  }
}

/** Node's own way never ends where a folder is there in which the system finds nothing to make, as in /proc. */
async function makeWithParents(folder: string): Promise<void> {
  if (await isFolder(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) await makeWithParents(parent);
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (cause) {
    // Somebody else was quicker.
    if (errnoOf(cause) !== "EEXIST" || !(await isFolder(folder))) throw cause;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    if (isMissing(cause)) return false;
    throw cause;
  }
}

/** Where the system refuses: told by the folder that the owner named, and what was refused. */
export function notWritable(folder: string, cause: unknown): unknown {
  const errno = errnoOf(cause);
  if (errno === undefined) return cause;
  if (errno === "ENOSPC" || errno === "EDQUOT")
    return new LoricaError("unavailable", `there is no room left for a backup in ${folder}`, { cause });
  return new LoricaError("forbidden", `no backup can be written to ${folder} (${errno}); name another with --to`, {
    cause,
  });
}

const syncedFolders =
  /^(dropbox|onedrive.*|google ?drive.*|my drive|icloud.*|mobile documents|cloudstorage|box|box sync|pcloud ?drive|nextcloud|owncloud|mega|syncthing)$/i;

/** The part of the path that says that a program copies the folder to other machines. */
export async function isCloudSynced(folder: string): Promise<string | undefined> {
  return (await realOf(folder)).split(sep).find((part) => syncedFolders.test(part));
}

async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    if (!isMissing(cause) || dirname(path) === path) throw cause;
    return join(await realOf(dirname(path)), path.slice(dirname(path).length));
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw cause;
  }
}
