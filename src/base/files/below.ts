// What lies below a folder in which somebody else may write meanwhile, and may put a link where a folder was. Each step is
// opened from the folder before it and no link is followed, so that a path leads to where it was listed or nowhere.
import { constants } from "node:fs";
import type { Dirent } from "node:fs";
import { open, readdir } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { errnoOf } from "../errors.ts";

const folderFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
// Without O_NONBLOCK a named pipe would hold whoever opens it for good.
const fileFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Undefined where there is no plain file, or none any more. */
export async function openBelow(root: string, path: string): Promise<FileHandle | undefined> {
  const parts = path.split("/");
  const name = parts.pop() ?? "";
  return await withFolder(root, parts, async (folder) => {
    const file = await open(`${folder}/${name}`, fileFlags);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    return undefined;
  });
}

/** Undefined where there is no folder, or none any more. */
export async function listBelow(root: string, path: string): Promise<readonly Dirent[] | undefined> {
  const parts = path === "" ? [] : path.split("/");
  return await withFolder(root, parts, async (folder) => await readdir(folder, { withFileTypes: true }));
}

async function withFolder<T>(
  root: string,
  parts: readonly string[],
  use: (folder: string) => Promise<T>,
): Promise<T | undefined> {
  const opened = [await open(root, constants.O_RDONLY | constants.O_DIRECTORY)];
  try {
    for (const part of parts) opened.push(await open(`${namedBy(opened)}/${part}`, folderFlags));
    return await use(`${namedBy(opened)}/.`);
  } catch (cause) {
    // It has gone, or has become something else.
    if (["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"].includes(errnoOf(cause) ?? "")) return undefined;
    throw cause;
  } finally {
    for (const folder of opened) await folder.close();
  }
}

function namedBy(opened: readonly FileHandle[]): string {
  return `/proc/self/fd/${opened.at(-1)?.fd ?? -1}`;
}
