// `logs`: the end of the gateway's log, and what is written while somebody watches. It reads the file, so that it works
// best when nothing else does.
import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { errnoOf, isMissing, LoricaError } from "../../base/errors.ts";
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { sleep } from "../../base/wait.ts";
import { stripControls } from "../../base/text/controls.ts";
import type { Invocation } from "../context.ts";
import type { Io } from "../io.ts";
import { commandLine, withRunningOwner } from "../reach.ts";

const linesDefault = 100;
const linesMax = 100_000;

export async function logs(invocation: Invocation): Promise<void> {
  const { options, io, signal } = invocation;
  const path = await findLog(invocation);
  const limit = options.whole("limit", { min: 0, max: linesMax }) ?? linesDefault;
  const print = (line: string): void => printLine(io, options.flag("plain"), line);
  const end = await printTail(path, limit, print).catch((cause: unknown) => {
    throw missing(invocation, path, cause);
  });
  if (!options.flag("follow")) return;
  try {
    await follow(path, end, { print, signal });
  } catch (error) {
    // Leaving is how following ends.
    if (!signal.aborted) throw error;
  }
}

/** `logging.file` may have moved it; a running gateway knows. */
async function findLog(invocation: Invocation): Promise<string> {
  const owner = await withRunningOwner(invocation, async (client) => client?.call("owner.status", {})).catch(
    // The log is wanted most when the gateway does not answer.
    () => undefined,
  );
  return owner?.paths.log ?? invocation.paths.logPath;
}

function missing(invocation: Invocation, path: string, cause: unknown): LoricaError {
  if (isMissing(cause))
    return new LoricaError("not_found", `there is no log yet at ${path}. ${commandLine(invocation, "up")} starts one`, {
      cause,
    });
  return new LoricaError("internal", `cannot read ${path} (${errnoOf(cause)})`, { cause });
}

/** Returns the offset up to which was read. A line that is still being written is left for later. */
async function printTail(path: string, limit: number, print: (line: string) => void): Promise<number> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - limits.cliLogTailMaxBytes);
    const text = await readRange(file, from, size);
    const whole = text.lastIndexOf("\n") + 1;
    const lines = text.slice(0, whole).split("\n").slice(0, -1);
    // The first one may have been cut.
    const complete = from === 0 ? lines : lines.slice(1);
    for (const line of limit === 0 ? [] : complete.slice(-limit)) print(line);
    return from + Buffer.byteLength(text.slice(0, whole));
  } finally {
    await file.close();
  }
}

/** Keeps the file open: what was written just before a rotation is still read from the old one. */
async function follow(
  path: string,
  start: number,
  { print, signal }: { readonly print: (line: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  let file = await open(path, "r");
  let at = start;
  try {
    for (;;) {
      const { size, ino } = await file.stat();
      if (size < at) at = 0;
      at += await printNew(file, { from: at, to: Math.min(size, at + limits.cliLogTailMaxBytes) }, print);
      await sleep(limits.cliLogPollMs, signal);
      const next = await openIfOther(path, ino);
      if (next === undefined) continue;
      await printNew(file, { from: at, to: at + limits.cliLogTailMaxBytes }, print);
      await file.close();
      file = next;
      at = 0;
    }
  } finally {
    await file.close();
  }
}

/** The file that has taken the other's place, if one has. */
async function openIfOther(path: string, inode: number): Promise<FileHandle | undefined> {
  try {
    if ((await stat(path)).ino === inode) return undefined;
    return await open(path, "r");
  } catch (cause) {
    // Between the renaming and the new file of a rotation there is none for a moment.
    if (isMissing(cause)) return undefined;
    throw cause;
  }
}

async function printNew(
  file: FileHandle,
  range: { readonly from: number; readonly to: number },
  print: (line: string) => void,
): Promise<number> {
  const text = await readRange(file, range.from, range.to);
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  for (const line of whole.split("\n").slice(0, -1)) print(line);
  return Buffer.byteLength(whole);
}

async function readRange(file: FileHandle, from: number, to: number): Promise<string> {
  const buffer = Buffer.alloc(Math.max(0, to - from));
  const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
  return buffer.toString("utf8", 0, bytesRead);
}

const levels: Readonly<Record<number, string>> = {
  10: "trace",
  20: "debug",
  30: "info",
  40: "warn",
  50: "error",
  60: "fatal",
};

function printLine(io: Io, plain: boolean, line: string): void {
  const json = parseJson(line);
  if (io.json || !json.ok || !isRecord(json.value)) return io.line(io.interactive ? stripControls(line) : line);
  const { level, time, msg, ...rest } = json.value;
  const name = typeof level === "number" ? (levels[level] ?? String(level)) : String(level);
  const at = typeof time === "number" ? new Date(time).toISOString() : String(time);
  const style = name === "error" || name === "fatal" ? "red" : name === "warn" ? "yellow" : "dim";
  const shown = plain ? name : io.style(style, name);
  const extra = Object.keys(rest).length === 0 ? "" : ` ${JSON.stringify(rest)}`;
  // JSON escapes what a terminal would obey; the message was unescaped by parsing.
  io.line(`${at} ${shown} ${stripControls(String(msg ?? ""))}${extra}`);
}
