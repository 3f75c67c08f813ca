// The log's files: lines are appended, full files are renamed out of the way, and beside them one small file says which
// record was the last. What could not be written whole is taken back before anything else is written.
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { isMissing, LoricaError } from "../../base/errors.ts";
import { digestOf, genesis, headBytes, headName, listFiles, logName, readLine } from "../verify/verify-evidence.ts";
import type { OpenHead, ReadLine } from "../verify/verify-evidence.ts";

export type ChainFile = {
  readonly bytes: () => number;
  /** Throws where the line cannot be written whole; the log is then as it was. */
  append(line: string): void;
  /** Names the last record. Made for being called after each one. */
  point(head: OpenHead): void;
  /** The current file becomes `.1`; what would be more than `filesMax` older ones is removed. */
  rotate(filesMax: number): void;
  /** The first record of what stays when the next rotation removes the oldest file; undefined where it removes none. */
  firstAfterRotation(filesMax: number): ReadLine | undefined;
  /** Why the file is no longer the one that was written, where somebody else touched it. */
  disturbance(): string | undefined;
  close(): void;
};

const appending = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

export function openChainFile(folder: string): ChainFile {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, logName);
  const headFd = openOwn(join(folder, headName), constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW);
  // Written with every record, always the same length: text of its own each time would cost twice as much.
  const headRoom = Buffer.alloc(headBytes);
  let fd = openOwn(path, appending);
  let { bytes, isTorn } = endOf(fd);
  /** Part of a line may be behind `bytes`. */
  let isDirty = false;

  function tidy(): void {
    if (isDirty) ftruncateSync(fd, bytes);
    isDirty = false;
  }

  function reopen(): void {
    closeSync(fd);
    fd = openOwn(path, appending);
    ({ bytes, isTorn } = endOf(fd));
    isDirty = false;
  }

  return {
    bytes: () => bytes,
    append(line) {
      tidy();
      const buffer = Buffer.from(isTorn ? `\n${line}\n` : `${line}\n`);
      isDirty = true;
      for (let at = 0; at < buffer.length;) at += writeSync(fd, buffer, at);
      isDirty = false;
      isTorn = false;
      bytes += buffer.length;
    },
    point(head) {
      const proved = head.proved ?? { seq: 0, hash: genesis, mac: undefined };
      const last = headLine(head);
      // While the vault is open they are the same.
      headRoom.write(last + (proved.seq === head.seq && proved.mac === head.mac ? last : headLine(proved)), "latin1");
      writeSync(headFd, headRoom, 0, headBytes, 0);
    },
    rotate(filesMax) {
      tidy();
      rmSync(`${path}.${filesMax}`, { force: true });
      for (let number = filesMax - 1; number >= 1; number--)
        renameIfThere(`${path}.${number}`, `${path}.${number + 1}`);
      renameIfThere(path, `${path}.1`);
      reopen();
    },
    firstAfterRotation(filesMax) {
      if (statOf(`${path}.${filesMax}`) === undefined) return undefined;
      return firstRecord(filesMax === 1 ? path : `${path}.${filesMax - 1}`);
    },
    disturbance() {
      const ours = fstatSync(fd);
      const there = statOf(path);
      if (there?.ino === ours.ino && ours.size === bytes) return undefined;
      const what = there?.ino === ours.ino ? `it has ${ours.size} bytes, not ${bytes}` : "it was removed or replaced";
      reopen();
      return what;
    },
    close() {
      closeSync(fd);
      closeSync(headFd);
    },
  };
}

/** Digests need no escaping. */
function headLine({ seq, hash, mac }: Pick<OpenHead, "seq" | "hash" | "mac">): string {
  const text = `{"seq":${seq},"hash":"${hash}","mac":${mac === undefined ? "null" : `"${mac}"`}}`;
  return `${text.padEnd(headBytes / 2 - 1)}\n`;
}

/** How the log ends: its last record, and what a crash may have left behind it. */
export type Tail = {
  readonly last: ReadLine | undefined;
  /** The digest of an incomplete line at the very end. */
  readonly torn: string | undefined;
  /** There are complete lines, and the last one is no record of this log. */
  readonly isForeign: boolean;
};

const chunkBytes = 65_536;

export function readTail(folder: string): Tail {
  for (const name of [logName, `${logName}.1`]) {
    const path = join(folder, name);
    const { size } = statOf(path) ?? { size: 0 };
    // A rotation that was cut short leaves an empty file, or none: the record before it is in the older one.
    if (size === 0) continue;
    const text = readEnd(path, size);
    const end = text.lastIndexOf("\n");
    const torn = end === text.length - 1 ? undefined : digestOf(text.slice(end + 1));
    const lines = text.slice(0, Math.max(0, end)).split("\n");
    const last = readLine(lines.at(-1) ?? "");
    return { last, torn, isForeign: end > 0 && last === undefined };
  }
  return { last: undefined, torn: undefined, isForeign: false };
}

/** Enough of the file's end to hold its last complete line, as latin1. */
function readEnd(path: string, size: number): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (let length = Math.min(size, chunkBytes); ; length = Math.min(size, length * 4)) {
      const buffer = Buffer.alloc(length);
      readSync(fd, buffer, 0, length, size - length);
      const text = buffer.toString("latin1");
      const end = text.lastIndexOf("\n");
      const before = end > 0 ? text.lastIndexOf("\n", end - 1) : -1;
      if (length === size) return text;
      if (before >= 0) return text.slice(before + 1);
    }
  } finally {
    closeSync(fd);
  }
}

/** Whether there is such a record, from the newest to the oldest. Reads whole files, and is for rare questions. */
export function hasRecord(folder: string, fits: (record: ReadLine) => boolean): boolean {
  return listFiles(folder)
    .toReversed()
    .some((name) =>
      readFileSync(join(folder, name), "latin1")
        .split("\n")
        .some((line) => {
          const record = readLine(line);
          return record !== undefined && fits(record);
        }),
    );
}

function firstRecord(path: string): ReadLine | undefined {
  const text = readFileSync(path, "latin1");
  return readLine(text.slice(0, Math.max(0, text.indexOf("\n"))));
}

/** What was there before the log was a chain: kept beside it, where nobody takes it for evidence. */
export function setAside(folder: string, filesMax: number): void {
  const names = [logName, ...Array.from({ length: filesMax }, (_, index) => `${logName}.${index + 1}`)];
  for (const name of names) renameIfThere(join(folder, name), join(folder, name.replace("audit", "audit-unchained")));
}

function openOwn(path: string, flags: number): number {
  let fd: number;
  try {
    fd = openSync(path, flags, 0o600);
  } catch (cause) {
    throw new LoricaError("internal", `cannot open the evidence log ${path}; move away what is there`, { cause });
  }
  const about = fstatSync(fd);
  if (!about.isFile()) {
    closeSync(fd);
    throw new LoricaError("internal", `${path} is not a regular file; move it away`);
  }
  if ((about.mode & 0o077) !== 0) fchmodSync(fd, 0o600);
  return fd;
}

/** A process that was killed while it wrote leaves half a line; the next one must not continue it. */
function endOf(fd: number): { bytes: number; isTorn: boolean } {
  const { size } = fstatSync(fd);
  const last = Buffer.alloc(1);
  return { bytes: size, isTorn: size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a };
}

function statOf(path: string): { readonly ino: number; readonly size: number } | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
  }
}
