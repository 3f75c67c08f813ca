// Actions as a cell understands them, checked on the way in, and its answers as the port promises them.
import type { Action, FileRead, FileWrite, ProcessRun } from "../../base/action.ts";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { FileReadResult, FileWriteResult } from "../../sandbox/sandbox.ts";
import type { FileQuestion, FileResult } from "./files.ts";

const pathMaxBytes = 4_096;

export function checkRun(run: ProcessRun): void {
  const bytes = Buffer.byteLength(run.command);
  if (bytes > limits.execCommandMaxBytes)
    throw new LoricaError(
      "too_large",
      `the command has ${bytes} bytes; the most is ${limits.execCommandMaxBytes}. Write it to a file and run that`,
    );
  if (run.command.trim() === "") throw new LoricaError("invalid_request", "the command is empty");
  if (run.command.includes("\0")) throw new LoricaError("invalid_request", "a command cannot hold a NUL character");
  checkPath(run.cwd);
  if (!Number.isInteger(run.timeoutMs) || run.timeoutMs < 1 || run.timeoutMs > limits.execTimeoutMaxMs)
    throw new LoricaError("invalid_request", `a time limit is between 1 and ${limits.execTimeoutMaxMs} ms`);
}

export function checkControl(control: Action<"process.control">["resource"]): void {
  if (control.operation === "write" && Buffer.byteLength(control.data) > limits.execStdinMaxBytes)
    throw new LoricaError("too_large", `at most ${limits.execStdinMaxBytes} bytes can be written at a time`);
}

export function toReadQuestion(read: FileRead): FileQuestion {
  checkPath(read.path);
  if (read.operation === "glob") return { kind: "glob", pattern: read.pattern, path: read.path };
  if (read.operation === "grep") {
    const { pattern, path, include, ignoreCase } = read;
    return { kind: "grep", pattern, path, include, ignoreCase };
  }
  const { path, offset, lines } = read;
  if (!Number.isInteger(offset) || offset < 1 || !Number.isInteger(lines) || lines < 1)
    throw new LoricaError("invalid_request", "offset and lines are whole numbers from 1");
  return { kind: "read", path, offset, lines };
}

export function toReadResult({ answer, body }: FileResult): FileReadResult {
  if (answer.kind === "text") {
    const { totalLines, truncated } = answer;
    return { kind: "text", text: body.toString("utf8"), totalLines, truncated };
  }
  if (answer.kind === "image") return { kind: "image", mime: answer.mime, base64: body.toString("base64") };
  if (answer.kind !== "matches") throw mismatched();
  const lines = body.length === 0 ? [] : body.toString("utf8").split("\n");
  return { kind: "matches", lines, truncated: answer.truncated };
}

export function toWriteQuestion(write: Exclude<FileWrite, { operation: "instruct" }>): {
  readonly question: FileQuestion;
  readonly body: Buffer;
} {
  if (write.operation === "apply_patch") return { question: { kind: "apply_patch" }, body: bodyOf(write.patch) };
  checkPath(write.path);
  if (write.operation === "write")
    return { question: { kind: "write", path: write.path }, body: bodyOf(write.content) };
  const before = Buffer.from(write.before);
  return {
    question: { kind: "edit", path: write.path, beforeBytes: before.length, occurrences: write.occurrences },
    body: bodyOf(write.before + write.after),
  };
}

export function toWriteResult({ answer }: FileResult): FileWriteResult {
  if (answer.kind !== "changed") throw mismatched();
  return { paths: answer.paths, summary: answer.summary };
}

function bodyOf(text: string): Buffer {
  const body = Buffer.from(text);
  if (body.length > limits.fileWriteMaxBytes)
    throw new LoricaError(
      "too_large",
      `${body.length} bytes are more than the ${limits.fileWriteMaxBytes} a file tool writes`,
    );
  return body;
}

function checkPath(path: string): void {
  if (path === "" || path.includes("\0") || Buffer.byteLength(path) > pathMaxBytes)
    throw new LoricaError("invalid_request", "a path is empty, too long, or holds a NUL character");
}

function mismatched(): LoricaError {
  return new LoricaError("unavailable", "the file worker answered another question than was asked");
}
