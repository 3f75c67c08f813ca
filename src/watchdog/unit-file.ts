// One file that says how the gateway is started: read as systemd reads it, through links, and put back whole.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { errnoOf } from "../base/errors.ts";
import { newToken, sha256 } from "../base/ids.ts";
import { limits } from "../base/limits.ts";

export type StartFile = { readonly bytes: Buffer; readonly hash: string };

/** Undefined where there is nothing. What is no file, or nobody's to read, has the content that systemd sees: none. */
export function readStartFile(path: string): StartFile | undefined {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  const bytes = readBounded(path) ?? Buffer.alloc(0);
  return { bytes, hash: sha256(bytes) };
}

function readBounded(path: string): Buffer | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (errnoOf(cause) !== undefined) return undefined;
    throw cause;
  }
  try {
    const about = fstatSync(file);
    return about.isFile() && about.size <= limits.unitFileMaxBytes ? readFileSync(file) : undefined;
  } finally {
    closeSync(file);
  }
}

/**
 * Undefined stands for no file. Answers false where this process may not write: the unit of a service keeps its own
 * process from that, and the system's units are root's.
 */
export function writeStartFile(path: string, content: Uint8Array | undefined): boolean {
  try {
    if (content === undefined) rmSync(path, { force: true, recursive: true });
    else replace(path, content);
    return true;
  } catch (cause) {
    if (["EACCES", "EPERM", "EROFS"].includes(errnoOf(cause) ?? "")) return false;
    throw cause;
  }
}

function replace(path: string, content: Uint8Array): void {
  const temporary = `${path}.${newToken(6)}.tmp`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const isScript = content[0] === 0x23 && content[1] === 0x21;
  writeFileSync(temporary, content, { flag: "wx", mode: isScript ? 0o700 : 0o644 });
  try {
    const isFolder = lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    if (isFolder) renameSync(path, `${path}.moved-away-${newToken(4)}`);
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw cause;
  }
}
