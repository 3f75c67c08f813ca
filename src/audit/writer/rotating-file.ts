// A 0600 file of lines that never grows past its bound, in as many pieces as it may keep. A line is in the kernel's
// hands when `write` returns, so a crash loses none; a full disk loses lines and nothing else.
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { errnoOf, isMissing, LoricaError } from "../../base/errors.ts";

export type RotatingFile = {
  readonly path: string;
  /** Appends one line. Never throws once the file is open. */
  write(line: string): void;
  close(): void;
};

export type RotatingFileOptions = {
  readonly path: string;
  readonly maxBytes: number;
  /** Older files that are kept, as `<path>.1` and on. */
  readonly maxFiles: number;
  /** Called when writing works again, and before the line that showed it. Answers a line about the loss. */
  readonly describeLoss: (lines: number, errno: string) => string;
  /** The disk is nearly full: lines are counted as lost until it is not. */
  readonly isLow?: () => boolean;
};

export function openRotatingFile(options: RotatingFileOptions): RotatingFile {
  const { path, maxBytes, maxFiles } = options;
  let file = openForAppending(path);
  let loss = { lines: 0, errno: "" };
  let isClosed = false;

  function append(line: string): void {
    const text = file.torn ? `\n${line}\n` : `${line}\n`;
    const bytes = Buffer.from(text);
    if (file.bytes > 0 && file.bytes + bytes.length > maxBytes) rotate();
    file.torn = true;
    for (let at = 0; at < bytes.length;) at += writeSync(file.fd, bytes, at);
    file.torn = false;
    file.bytes += bytes.length;
  }

  function rotate(): void {
    closeSync(file.fd);
    try {
      rmSync(`${path}.${maxFiles}`, { force: true });
      for (let number = maxFiles - 1; number >= 1; number--)
        renameIfThere(`${path}.${number}`, `${path}.${number + 1}`);
      renameIfThere(path, `${path}.1`);
    } finally {
      file = openForAppending(path);
    }
  }

  return {
    path,
    write(line) {
      if (isClosed) return;
      if (options.isLow?.() === true) {
        loss = { lines: loss.lines + 1, errno: "the disk is nearly full" };
        return;
      }
      try {
        if (loss.lines > 0) {
          append(options.describeLoss(loss.lines, loss.errno));
          loss = { lines: 0, errno: "" };
        }
        append(line);
      } catch (error) {
        loss = { lines: loss.lines + 1, errno: errnoOf(error) ?? "unknown error" };
      }
    },
    close() {
      if (!isClosed) closeSync(file.fd);
      isClosed = true;
    },
  };
}

type OpenFile = { readonly fd: number; bytes: number; torn: boolean };

function openForAppending(path: string): OpenFile {
  let fd: number;
  try {
    // A folder that is there may be others' too, as /var/log, and keeps the mode that its owner gave it.
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    fd = openSync(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (cause) {
    const errno = errnoOf(cause) ?? "unknown error";
    const why = errno === "ELOOP" ? "it is a symbolic link" : errno;
    throw new LoricaError("internal", `cannot open the log ${path}: ${why}; choose another with logging.file`, {
      cause,
    });
  }
  const about = fstatSync(fd);
  if (!about.isFile()) {
    closeSync(fd);
    throw new LoricaError("internal", `the log ${path} is not a regular file; choose another with logging.file`);
  }
  if ((about.mode & 0o077) !== 0) fchmodSync(fd, 0o600);
  const last = Buffer.alloc(1);
  // A process that was killed while it wrote leaves half a line; the next one must not continue it.
  const torn = about.size > 0 && readSync(fd, last, 0, 1, about.size - 1) === 1 && last[0] !== 0x0a;
  return { fd, bytes: about.size, torn };
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
  }
}
