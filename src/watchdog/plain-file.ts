// One file in the first folder of a workspace, read and written without following anything: what lies there may be of an
// agent's making.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { errnoOf, isMissing } from "../base/errors.ts";
import { newToken, sha256 } from "../base/ids.ts";
import { limits } from "../base/limits.ts";

export type PlainFile =
  | { readonly kind: "missing" }
  /** A link, a folder, a pipe, a file with a second name, or too large: nothing that is read for a model either. */
  | { readonly kind: "odd" }
  | { readonly kind: "file"; readonly bytes: Buffer; readonly hash: string };

export function readPlain(folder: string, name: string): PlainFile {
  return inFolder(folder, (root) => readBelow(`${root}/${name}`)) ?? { kind: "missing" };
}

function readBelow(path: string): PlainFile {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (isMissing(cause)) return { kind: "missing" };
    if (errnoOf(cause) !== undefined) return { kind: "odd" };
    throw cause;
  }
  try {
    const about = fstatSync(file);
    if (!about.isFile() || about.nlink !== 1 || about.size > limits.workspaceFileMaxBytes) return { kind: "odd" };
    const bytes = readFileSync(file);
    return { kind: "file", bytes, hash: sha256(bytes) };
  } finally {
    closeSync(file);
  }
}

/** In one step; whatever stands in its place is replaced, never followed. */
export function writePlain(folder: string, name: string, bytes: Uint8Array): void {
  inFolder(folder, (root) => {
    const temporary = `${root}/.lorica-${newToken(12)}.tmp`;
    try {
      writeFileSync(temporary, bytes, { flag: "wx", mode: 0o600 });
      // A folder cannot be replaced, and what is in it may be somebody's work.
      if (lstatSync(`${root}/${name}`, { throwIfNoEntry: false })?.isDirectory() === true)
        renameSync(`${root}/${name}`, `${root}/${name}.moved-away-${newToken(4)}`);
      renameSync(temporary, `${root}/${name}`);
    } finally {
      rmSync(temporary, { force: true });
    }
  });
}

export function removePlain(folder: string, name: string): void {
  inFolder(folder, (root) => rmSync(`${root}/${name}`, { recursive: true, force: true }));
}

/** Undefined where there is no such folder. */
function inFolder<T>(folder: string, work: (root: string) => T): T | undefined {
  let root: number;
  try {
    root = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    if (isMissing(cause) || errnoOf(cause) === "ENOTDIR") return undefined;
    throw cause;
  }
  try {
    return work(`/proc/self/fd/${root}`);
  } finally {
    closeSync(root);
  }
}
