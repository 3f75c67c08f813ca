// Writing a file so that it is there whole or not at all, also after the power fails.
import { constants } from "node:fs";
import { mkdir, open, rename, rm, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { errnoOf, LoricaError } from "../../base/errors.ts";
import { newToken } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";

const dirMode = 0o700;
const fileMode = 0o600;

/** Temporary file, fsync, rename, fsync of the folder. Refuses to start on a disk that is nearly full (CFG-029). */
export async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: dirMode });
  await requireDisk(folder);
  const temporary = `${path}.tmp-${newToken(8)}`;
  try {
    const handle = await open(
      temporary,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      fileMode,
    );
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new LoricaError(
      errnoOf(cause) === "ENOSPC" ? "unavailable" : "internal",
      `cannot write ${path}: ${errnoOf(cause) ?? "unknown error"}. The file is as it was.`,
      { cause },
    );
  }
  await syncFolder(folder);
}

/** What there is left, and an error below what a write may need to end well. */
export async function requireDisk(folder: string): Promise<number> {
  const free = await freeBytes(folder);
  if (free >= limits.diskFreeMinBytes) return free;
  throw new LoricaError(
    "unavailable",
    `${folder} has ${Math.floor(free / 1_048_576)} MB free; at least ${limits.diskFreeMinBytes / 1_048_576} MB are needed. Nothing was written.`,
  );
}

export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

export async function appendDurably(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: dirMode });
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
  const handle = await open(path, flags, fileMode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
