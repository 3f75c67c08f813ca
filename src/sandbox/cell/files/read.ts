// Reading one file: a window of lines, or an image that the model can look at.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { FileFailure } from "./failure.ts";
import type { FileBounds } from "../settings.ts";

export type ReadAnswer =
  | { readonly kind: "text"; readonly body: Buffer; readonly totalLines: number; readonly truncated: boolean }
  | { readonly kind: "image"; readonly body: Buffer; readonly mime: string };

/** The first line is 1. */
export type LineWindow = { readonly offset: number; readonly lines: number };

const chunkBytes = 262_144;
const sniffBytes = 8_192;
const newline = 10;

export function readFileAt(path: string, window: LineWindow, bounds: FileBounds): ReadAnswer {
  return withRegularFile(path, (fd, size) => {
    const head = readAt(fd, 0, Math.min(size, sniffBytes));
    const mime = imageType(head);
    if (mime !== undefined) return { kind: "image", mime, body: readImage(fd, size, bounds) };
    if (head.includes(0)) throw new FileFailure("invalid_request", `${path} is a binary file of ${size} bytes`);
    return readWindow({ fd, size }, window, bounds.textMaxBytes);
  });
}

/** A whole file, for those who change or search it; undefined where it is larger than `bytesMax`. */
export function readWhole(
  path: string,
  bytesMax: number,
): { readonly bytes: Buffer; readonly version: FileVersion } | undefined {
  return withRegularFile(path, (fd, size) => {
    if (size > bytesMax) return undefined;
    return { bytes: readAt(fd, 0, size), version: versionOf(fd) };
  });
}

/** What tells one state of a file from the next. */
export type FileVersion = {
  readonly inode: bigint;
  readonly size: bigint;
  readonly modifiedNs: bigint;
  readonly mode: number;
};

function versionOf(fd: number): FileVersion {
  const status = fstatSync(fd, { bigint: true });
  return { inode: status.ino, size: status.size, modifiedNs: status.mtimeNs, mode: Number(status.mode & 0o777n) };
}

/** Opened without waiting, because a fifo would make the whole worker wait for somebody to write to it. */
function withRegularFile<T>(path: string, use: (fd: number, size: number) => T): T {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const status = fstatSync(fd);
    if (status.isDirectory()) throw new FileFailure("invalid_request", `${path} is a folder; list it with glob`);
    if (!status.isFile()) throw new FileFailure("invalid_request", `${path} is not a regular file`);
    return use(fd, status.size);
  } finally {
    closeSync(fd);
  }
}

function readImage(fd: number, size: number, bounds: FileBounds): Buffer {
  if (size > bounds.imageMaxBytes)
    throw new FileFailure(
      "too_large",
      `the image has ${size} bytes; the most that can be shown is ${bounds.imageMaxBytes}`,
    );
  return readAt(fd, 0, size);
}

function readWindow(
  { fd, size }: { readonly fd: number; readonly size: number },
  window: LineWindow,
  textMaxBytes: number,
): ReadAnswer {
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let line = 1;
  let truncated = false;
  let endsInNewline = true;
  const afterLast = window.offset + window.lines;
  for (let at = 0; ;) {
    const chunk = readAt(fd, at, Math.min(chunkBytes, Math.max(1, size - at)));
    if (chunk.length === 0) break;
    at += chunk.length;
    endsInNewline = chunk.at(-1) === newline;
    // From the first byte of the window in this chunk to its last: lines are counted, not split.
    let from = line >= window.offset ? 0 : -1;
    let to = line >= afterLast ? 0 : -1;
    for (let found = chunk.indexOf(newline); found >= 0; found = chunk.indexOf(newline, found + 1)) {
      line += 1;
      if (line === window.offset) from = found + 1;
      if (line === afterLast) to = found + 1;
    }
    if (from < 0 || keptBytes >= textMaxBytes) continue;
    const part = chunk.subarray(from, to < 0 ? chunk.length : to);
    const fits = part.subarray(0, textMaxBytes - keptBytes);
    if (fits.length < part.length) truncated = true;
    kept.push(fits);
    keptBytes += fits.length;
  }
  const totalLines = endsInNewline ? line - 1 : line;
  const text = Buffer.concat(kept)
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .replaceAll("\r\n", "\n");
  return { kind: "text", body: Buffer.from(text), totalLines, truncated: truncated || totalLines >= afterLast };
}

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(fd, buffer, filled, length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}

/** The kinds that every provider takes, told by their first bytes and not by a name. */
export function imageType(head: Buffer): string | undefined {
  if (head.subarray(0, 8).equals(Buffer.from("89504e470d0a1a0a", "hex"))) return "image/png";
  if (head.subarray(0, 3).equals(Buffer.from("ffd8ff", "hex"))) return "image/jpeg";
  const ascii = head.toString("latin1", 0, 12);
  if (ascii.startsWith("GIF87a") || ascii.startsWith("GIF89a")) return "image/gif";
  return ascii.startsWith("RIFF") && ascii.endsWith("WEBP") ? "image/webp" : undefined;
}
