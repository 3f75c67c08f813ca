// The config's own files: written whole or not at all, and not on a disk that is nearly full.
import { mkdir, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { errnoOf, LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { appendDurably as append, replaceFile } from "../../base/replace-file.ts";

const dirMode = 0o700;

/** Refuses to start on a disk that is nearly full (CFG-029). */
export async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: dirMode });
  await requireDisk(folder);
  try {
    await replaceFile(path, bytes);
  } catch (cause) {
    throw new LoricaError(
      errnoOf(cause) === "ENOSPC" ? "unavailable" : "internal",
      `cannot write ${path}: ${errnoOf(cause) ?? "unknown error"}. The file is as it was.`,
      { cause },
    );
  }
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
  await append(path, text);
}
