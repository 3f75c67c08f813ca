// One command in a bubblewrap of its own: started, watched, bounded, and killed with everything that it started.
import { constants } from "node:os";
import { hasEnded } from "./kill.ts";
import { startRoom } from "./room.ts";
import type { RoomFiles } from "./room.ts";
import type { EndKind, RunRequest } from "./settings.ts";

export type CommandEnd = { readonly end: EndKind; readonly exitCode: number; readonly durationMs: number };

export type Command = {
  /** Resolves once the command and all that it started are gone; rejects where it could not be started. */
  readonly ended: Promise<CommandEnd>;
  /** `gone` where the command reads no input, or not any more; `full` where it has not read enough of what it has. */
  write(data: Buffer, unreadMaxBytes: number): "written" | "full" | "gone";
  /** The first reason given is the one that is reported. */
  kill(end: EndKind): void;
};

export function startCommand(run: RunRequest, files: RoomFiles, onOutput: (chunk: Buffer) => void): Command {
  const startedAt = performance.now();
  const { child, kill: killRoom } = startRoom(files, {
    argv: commandLine(run),
    options: terminalOptions(run),
    stdio: [run.mode === "background" ? "pipe" : "ignore", "pipe", "pipe"],
  });
  let end: EndKind = "exited";
  const timer = setTimeout(() => kill("timed_out"), run.timeoutMs);

  function kill(reason: EndKind): void {
    if (hasEnded(child)) return;
    if (end === "exited") end = reason;
    killRoom();
  }

  child.stdout?.on("data", onOutput);
  // The shell's own complaints about what it cannot parse; after that the command's stderr is its stdout.
  child.stderr?.on("data", onOutput);
  child.stdin?.on("error", () => undefined);
  const ended = new Promise<CommandEnd>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) =>
      resolve({ end, exitCode: exitCodeOf(code, signal), durationMs: performance.now() - startedAt }),
    );
  }).finally(() => clearTimeout(timer));
  return {
    ended,
    write(data, unreadMaxBytes) {
      if (child.stdin === null || !child.stdin.writable) return "gone";
      if (child.stdin.writableLength + data.length > unreadMaxBytes) return "full";
      child.stdin.write(data);
      return "written";
    },
    kill,
  };
}

function terminalOptions(run: RunRequest): readonly string[] {
  return run.terminal === "pty" ? ["--setenv", "TERM", "xterm-256color"] : [];
}

/** The arguments of the program inside. Exported for the vectors. */
export function commandLine(run: RunRequest): readonly string[] {
  const shell = ["/bin/bash", "-c", `exec 2>&1; ${run.command}`];
  // env says itself, in words, why it cannot enter a folder.
  const there = run.cwd === "." ? [] : ["/usr/bin/env", "-C", run.cwd, "--"];
  if (run.terminal === "none") return [...there, ...shell];
  const inTerminal = `stty rows 40 cols 120; exec ${shell.map(quote).join(" ")}`;
  return [...there, "/usr/bin/script", "-q", "-e", "-f", "-c", inTerminal, "/dev/null"];
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}
