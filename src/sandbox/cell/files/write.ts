// Changing files: every change goes to a new file first, and takes the old one's name in one step. Several files change
// together or not at all.
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fchmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import type { BigIntStats } from "node:fs";
import { dirname, join } from "node:path";
import { applyEdit } from "./edit.ts";
import type { Edit } from "./edit.ts";
import { errnoOf, failureOf, FileFailure } from "./failure.ts";
import { applyHunks, parsePatch } from "./patch.ts";
import type { FilePatch } from "./patch.ts";
import { readWhole } from "./read.ts";
import type { FileVersion } from "./read.ts";
import { readForm, restoreForm } from "./text.ts";

/** What a path is to become; undefined content means that it goes away. */
export type Change = {
  readonly path: string;
  readonly content: Buffer | undefined;
  /** The state that the change was made from; undefined where there must be nothing, "any" where it does not matter. */
  readonly from: FileVersion | undefined | "any";
};

type Staged = {
  readonly change: Change;
  readonly temporary: string | undefined;
  readonly old: BigIntStats | undefined;
};

const newFileMode = 0o666;

export function planEdit(
  path: string,
  edit: Edit,
  bytesMax: number,
): { readonly change: Change; readonly summary: string } {
  const { form, plain, version } = readText(path, bytesMax);
  const edited = applyEdit(plain, {
    ...edit,
    before: edit.before.replaceAll("\r\n", "\n"),
    after: edit.after.replaceAll("\r\n", "\n"),
  });
  const content = Buffer.from(restoreForm(edited.text, form));
  const times = edited.count === 1 ? `line ${edited.line}` : `${edited.count} places`;
  return { change: { path, content, from: version }, summary: `replaced at ${times}` };
}

/** `locate` turns a name in the patch into a path. A file that the patch names twice would depend on the order. */
export function planPatch(text: string, locate: (path: string) => string, bytesMax: number): readonly Change[] {
  const changes = parsePatch(text).flatMap((patch) => planFile(patch, locate, bytesMax));
  const paths = changes.map((change) => change.path);
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice !== undefined)
    throw new FileFailure("invalid_request", `the patch names ${twice} twice; put its hunks together`);
  return changes;
}

function planFile(patch: FilePatch, locate: (path: string) => string, bytesMax: number): readonly Change[] {
  const path = locate(patch.path);
  if (patch.kind === "add") return [{ path, content: Buffer.from(patch.text), from: undefined }];
  const { form, plain, version } = readText(path, bytesMax);
  if (patch.kind === "delete") return [{ path, content: undefined, from: version }];
  const content = Buffer.from(restoreForm(applyHunks(plain, patch.hunks, patch.path), form));
  if (patch.moveTo === undefined) return [{ path, content, from: version }];
  return [
    { path: locate(patch.moveTo), content, from: undefined },
    { path, content: undefined, from: version },
  ];
}

function readText(path: string, bytesMax: number): ReturnType<typeof readForm> & { readonly version: FileVersion } {
  const file = readWhole(path, bytesMax);
  if (file === undefined)
    throw new FileFailure("too_large", `${path} is larger than ${bytesMax} bytes; change it with a command`);
  if (file.bytes.includes(0)) throw new FileFailure("invalid_request", `${path} is a binary file`);
  const text = file.bytes.toString("utf8");
  if (!Buffer.from(text).equals(file.bytes))
    throw new FileFailure("invalid_request", `${path} is not UTF-8; changing it here would damage it`);
  return { ...readForm(text), version: file.version };
}

/** Makes all changes or none: all content is written aside before the first name changes, and names change back. */
export function applyChanges(changes: readonly Change[]): void {
  const staged: Staged[] = [];
  const undo: (() => void)[] = [];
  const kept: string[] = [];
  try {
    for (const change of changes) staged.push(stage(change));
    for (const entry of staged) commit(entry, undo, kept);
  } catch (error) {
    for (const back of undo.toReversed()) back();
    for (const { temporary } of staged) if (temporary !== undefined) rmSync(temporary, { force: true });
    throw error;
  }
  for (const path of kept) rmSync(path, { force: true });
}

function stage(change: Change): Staged {
  try {
    const old = checkTarget(change);
    if (change.content === undefined) return { change, temporary: undefined, old };
    mkdirSync(dirname(change.path), { recursive: true });
    return { change, old, temporary: writeAside(change.path, change.content, old) };
  } catch (error) {
    throw failureOf(error, change.path) ?? error;
  }
}

function writeAside(path: string, content: Buffer, old: BigIntStats | undefined): string {
  const temporary = nameBeside(path);
  const fd = openSync(
    temporary,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    newFileMode,
  );
  try {
    // Set, not asked for at creation: the umask would take what an existing file has, as a script's right to be run.
    if (old !== undefined) fchmodSync(fd, Number(old.mode & 0o777n));
    writeFileSync(fd, content);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  return temporary;
}

function commit({ change, temporary, old }: Staged, undo: (() => void)[], kept: string[]): void {
  const { path } = change;
  try {
    // Looked at again, because whoever shares the workspace may have been quicker.
    const now = checkTarget(change);
    if (now?.ino !== old?.ino || now?.mtimeNs !== old?.mtimeNs) throw changed(path);
    if (old !== undefined) {
      const backup = nameBeside(path);
      linkSync(path, backup);
      kept.push(backup);
      undo.push(() => renameSync(backup, path));
    } else {
      undo.push(() => rmSync(path, { force: true }));
    }
    if (temporary === undefined) rmSync(path);
    else renameSync(temporary, path);
  } catch (error) {
    throw failureOf(error, path) ?? error;
  }
}

/** What stands at the path now. Links are never followed to their target, and only regular files are replaced. */
function checkTarget({ path, from }: Change): BigIntStats | undefined {
  const old = statusOf(path);
  if (old === undefined) {
    if (from !== undefined && from !== "any") throw changed(path);
    return undefined;
  }
  if (old.isSymbolicLink())
    throw new FileFailure("invalid_request", `${path} is a symbolic link; name the file it points to`);
  if (old.isDirectory()) throw new FileFailure("invalid_request", `${path} is a folder`);
  if (!old.isFile()) throw new FileFailure("invalid_request", `${path} is not a regular file`);
  if (from === undefined) throw new FileFailure("conflict", `${path} exists already`);
  if (from !== "any" && (old.ino !== from.inode || old.mtimeNs !== from.modifiedNs || old.size !== from.size))
    throw changed(path);
  return old;
}

function statusOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function changed(path: string): FileFailure {
  return new FileFailure("conflict", `${path} was changed by somebody else meanwhile; read it again`);
}

/** In the same folder, so that taking the name is one step; unguessable, so that nothing can wait there. */
function nameBeside(path: string): string {
  return join(dirname(path), `.lorica-${randomBytes(12).toString("hex")}.tmp`);
}
