// Reads and seeds workspace files. A workspace is the agent's to write, so nothing in it is trusted to be what its name
// says: each step of a path is opened from the folder before it, and no link is ever followed (walls.md, appendix C).
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { errnoOf, isMissing, LoricaError } from "../../base/errors.ts";
import { newToken } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import { instructionFiles } from "../../protocol/known/instruction-files.ts";
import type { WorkspaceFile } from "../../sandbox/sandbox.ts";

/** Linux' O_PATH, which Node does not name: a handle to walk from, that reads nothing. */
const openPath = 0o10000000;

/** Files that are missing, too large, not regular, linked twice or behind a link are left out. */
export function readWorkspaceFiles(workspace: string, names: readonly string[]): readonly WorkspaceFile[] {
  const files: WorkspaceFile[] = [];
  const root = openRoot(workspace);
  if (root === undefined) return files;
  try {
    let total = 0;
    for (const name of names.slice(0, limits.workspaceFilesMax)) {
      const bytes = readBelow(root, name);
      if (bytes === undefined || total + bytes.length > limits.workspaceTotalMaxBytes) continue;
      total += bytes.length;
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      files.push({ name, text: bytes.toString("utf8"), bytes: bytes.length, sha256 });
    }
  } finally {
    closeSync(root);
  }
  return files;
}

/**
 * Puts the templates into a workspace on its first run, which is when it has nothing in it: a file that the owner or the
 * agent removed later stays removed. Answers the names that were written.
 */
export function seedWorkspace(workspace: string, templates: ReadonlyMap<string, string>): readonly string[] {
  mkdirSync(workspace, { recursive: true, mode: 0o700 });
  const root = openRoot(workspace);
  if (root === undefined) throw new LoricaError("internal", `the workspace ${workspace} is not a folder`);
  try {
    if (!isEmpty(`/proc/self/fd/${root}`)) return [];
    for (const [name, text] of templates) writeBelow(root, name, text);
    return [...templates.keys()];
  } finally {
    closeSync(root);
  }
}

/** Replaces an instruction file in one step; a link that stands in its place is replaced, never followed. */
export function writeInstruction(workspace: string, name: string, text: string): void {
  if (!instructionFiles.includes(name)) throw new LoricaError("forbidden", `${name} is no instruction file`);
  if (Buffer.byteLength(text) > limits.workspaceFileMaxBytes)
    throw new LoricaError("too_large", `an instruction file has at most ${limits.workspaceFileMaxBytes} bytes`);
  const root = openRoot(workspace);
  if (root === undefined) throw new LoricaError("not_found", `the workspace ${workspace} does not exist`);
  const folder = `/proc/self/fd/${root}`;
  const temporary = `.lorica-${newToken(12)}.tmp`;
  try {
    writeBelow(root, temporary, text);
    renameSync(`${folder}/${temporary}`, `${folder}/${name}`);
  } catch (cause) {
    rmSync(`${folder}/${temporary}`, { force: true });
    throw new LoricaError("conflict", `${name} cannot be written (${errnoOf(cause) ?? "unknown error"})`, { cause });
  } finally {
    closeSync(root);
  }
}

/** Looks at the first entry only: there may be millions. */
function isEmpty(folder: string): boolean {
  const entries = opendirSync(folder, { bufferSize: 1 });
  try {
    return entries.readSync() === null;
  } finally {
    entries.closeSync();
  }
}

function openRoot(workspace: string): number | undefined {
  try {
    // The workspace's own path is the owner's word, links in it included; what is below is not.
    return openSync(workspace, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    if (isMissing(cause) || errnoOf(cause) === "ENOTDIR") return undefined;
    throw new LoricaError("internal", `cannot open the workspace ${workspace} (${errnoOf(cause) ?? "unknown error"})`, {
      cause,
    });
  }
}

function readBelow(root: number, name: string): Buffer | undefined {
  const parts = name.split("/");
  const leaf = parts.pop();
  if (leaf === undefined || ![...parts, leaf].every(isPlainName) || parts.length > limits.workspaceDepthMax)
    return undefined;
  const opened: number[] = [];
  try {
    let folder = root;
    for (const part of parts) {
      folder = openSync(`/proc/self/fd/${folder}/${part}`, openPath | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      opened.push(folder);
    }
    // Without O_NONBLOCK a named pipe would hold the broker here for good.
    const file = openSync(
      `/proc/self/fd/${folder}/${leaf}`,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    opened.push(file);
    return readWhole(file);
  } catch (cause) {
    // Whatever the agent put in the way of a file is a reason to leave that file out, and no more.
    if (errnoOf(cause) !== undefined) return undefined;
    throw cause;
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

function readWhole(file: number): Buffer | undefined {
  const about = fstatSync(file);
  if (!about.isFile() || about.nlink !== 1 || about.size > limits.workspaceFileMaxBytes) return undefined;
  // It may grow while it is read: what is past the size that was checked is not taken.
  const bytes = Buffer.alloc(about.size);
  let at = 0;
  while (at < bytes.length) {
    const read = readSync(file, bytes, at, bytes.length - at, at);
    if (read === 0) break;
    at += read;
  }
  return bytes.subarray(0, at);
}

function writeBelow(root: number, name: string, text: string): void {
  if (!isPlainName(name)) throw new LoricaError("internal", `not a template's name: ${name}`);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = openSync(`/proc/self/fd/${root}/${name}`, flags, 0o600);
  try {
    writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
}

function isPlainName(part: string): boolean {
  return part !== "" && part !== "." && part !== ".." && !part.includes("\0") && part.length <= 255;
}
