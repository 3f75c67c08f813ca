// Runs one program: no shell, a small environment, nothing on its input, and an end for everything it started.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import { limits } from "../base/limits.ts";
import { openDeadline } from "../base/wait.ts";
import { searchPath } from "./programs.ts";

export type ProgramRun = {
  /** The first is the program's absolute path. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly home: string;
  readonly timeoutMs: number;
  readonly onOutput: (text: string) => void;
};

export type ProgramEnd = {
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
  /** Why it could not be started. */
  readonly error?: string;
};

export async function runProgram(run: ProgramRun, signal: AbortSignal): Promise<ProgramEnd> {
  const deadline = openDeadline(signal, run.timeoutMs);
  const [file, ...args] = run.argv;
  const child = spawn(file, args, {
    cwd: run.cwd,
    env: { PATH: searchPath, HOME: run.home, LANG: "C.UTF-8" },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that what it started ends with it.
    detached: true,
    shell: false,
  });
  const kill = (): void => killGroup(child);
  deadline.signal.addEventListener("abort", kill, { once: true });
  const stdout = collect(child.stdout, run.onOutput);
  const stderr = collect(child.stderr, run.onOutput);
  try {
    const ended = await new Promise<{ readonly exitCode: number | null; readonly error?: string }>((done) => {
      child.once("error", (error) => done({ exitCode: null, error: error.message }));
      child.once("close", (exitCode) => done({ exitCode }));
    });
    const timedOut = deadline.signal.aborted && !signal.aborted;
    return {
      ...ended,
      timedOut,
      success: ended.exitCode === 0 && !timedOut,
      stdout: stdout.text(),
      stderr: stderr.text(),
      truncated: stdout.isTruncated() || stderr.isTruncated(),
    };
  } finally {
    deadline.close();
    deadline.signal.removeEventListener("abort", kill);
    // What it left behind in its group.
    kill();
  }
}

/** Keeps the beginning; the rest is read, so that the program does not stand still, and dropped. */
function collect(stream: NodeJS.ReadableStream, onOutput: (text: string) => void) {
  const decoder = new StringDecoder("utf8");
  let text = "";
  let truncated = false;
  stream.on("data", (chunk: Buffer) => {
    const fresh = decoder.write(chunk);
    const kept = fresh.slice(0, Math.max(0, limits.nodeHostOutputMaxChars - text.length));
    truncated ||= kept.length < fresh.length;
    text += kept;
    if (kept !== "") onOutput(kept);
  });
  return { text: () => text, isTruncated: () => truncated };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
}
