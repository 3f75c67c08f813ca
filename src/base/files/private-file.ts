// A file that only its owner may read, replaced as a whole or not at all.
import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { errnoOf, isMissing, LoricaError } from "../errors.ts";
import { replaceFile } from "../replace-file.ts";

/** Undefined where there is no such file. Refuses one that somebody else could read, have written or swapped. */
export async function readPrivateFile(path: string, maxBytes: number): Promise<string | undefined> {
  return (await readPrivateBytes(path, maxBytes))?.toString("utf8");
}

export async function readPrivateBytes(path: string, maxBytes: number): Promise<Buffer | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    if (errnoOf(cause) === "ELOOP") throw refused(path, "is a symbolic link", "put the file itself there");
    throw new LoricaError("internal", `cannot open ${path}: ${errnoOf(cause) ?? "unknown error"}`, { cause });
  }
  try {
    const about = await file.stat();
    if (!about.isFile()) throw refused(path, "is not a regular file", "move it away");
    if (about.nlink !== 1) throw refused(path, "has a second name (a hard link)", "copy it, and remove both names");
    if (about.uid !== process.getuid?.()) throw refused(path, "belongs to another user", "chown it to yourself");
    if ((about.mode & 0o077) !== 0) throw refused(path, "can be read by other users", `chmod 600 ${path}`);
    if (about.size > maxBytes) throw new LoricaError("too_large", `${path} is larger than ${maxBytes} bytes`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

export async function writePrivateFile(path: string, content: string | Uint8Array): Promise<void> {
  await checkFolder(dirname(path));
  try {
    await replaceFile(path, content);
  } catch (cause) {
    throw new LoricaError("internal", `cannot write ${path}: ${errnoOf(cause) ?? "unknown error"}`, { cause });
  }
}

async function checkFolder(folder: string): Promise<void> {
  const about = await stat(folder).catch((cause: unknown) => {
    throw new LoricaError("internal", `cannot use the folder ${folder}: ${errnoOf(cause) ?? "unknown error"}`, {
      cause,
    });
  });
  if ((about.mode & 0o077) !== 0) throw refused(folder, "is open to other users", `chmod 700 ${folder}`);
}

function refused(path: string, why: string, fix: string): LoricaError {
  return new LoricaError("forbidden", `${path} ${why}, so it is not used for secrets; ${fix}`);
}
