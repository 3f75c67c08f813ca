// The one place where the product starts a process. A child inherits nothing that is not named here: its environment
// is the list that was given (none by default), and only the descriptors in `stdio` cross over.
import { spawn } from "node:child_process";
import type { ChildProcess, StdioOptions } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { Readable, Writable } from "node:stream";
import { LoricaError } from "../base/errors.ts";
import { createKill } from "../sandbox/sandbox.ts";
import type { CellGroup } from "../sandbox/sandbox.ts";

export type CleanSpawn = {
  /** Absolute, because there is no PATH to search. */
  readonly file: string;
  readonly args: readonly string[];
  readonly stdio: readonly ("ignore" | "pipe" | "ipc" | number)[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
};

export type ConfinedSpawn = Omit<CleanSpawn, "file" | "args" | "environment"> & {
  readonly bwrap: string;
  /** bwrap's own options: what the child sees and may do, its environment (`--setenv`) included. */
  readonly profile: readonly string[];
  /** The program inside and its arguments. */
  readonly argv: readonly string[];
  /** What bubblewrap is started by, so that it begins within its bounds. */
  readonly group?: Pick<CellGroup, "prefix" | "environment"> | undefined;
};

/** Looked up in these places only: a bubblewrap from somebody's PATH is not one to build a wall of. */
const bwrapPaths = ["/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap"];

export function findBwrap(): string | undefined {
  return bwrapPaths.find(isExecutable);
}

export function spawnClean(options: CleanSpawn): ChildProcess {
  const stdio: StdioOptions = [...options.stdio];
  return spawn(options.file, options.args, {
    // bwrap's first process keeps the environment that it was started with, whatever --clearenv says.
    env: { ...options.environment },
    cwd: options.cwd ?? "/",
    // A group of its own: Ctrl-C on a terminal reaches the broker, which then ends its children in order.
    detached: true,
    stdio,
  });
}

export type Spawned = {
  readonly child: ChildProcess;
  /** Leaves nothing behind, even where the sandbox has hardly started; `child.kill` would. */
  readonly kill: () => void;
};

/**
 * Starts a program inside bubblewrap. The profile goes in over a descriptor of its own, so that no
 * host path stands in a command line that can be read inside.
 */
export function startConfined(options: ConfinedSpawn): Spawned {
  // As root the sandboxed program could still write /proc/sys: the kernel looks at the user id there, not at
  // capabilities.
  if (process.getuid?.() === 0)
    throw new LoricaError("forbidden", "a sandbox is never started as root; run lorica as an ordinary user");
  const profileFd = options.stdio.length;
  const { prefix = [], environment = {} } = options.group ?? {};
  const own = ["--args", String(profileFd), "--info-fd", String(profileFd + 1), "--", ...options.argv];
  const [file = options.bwrap, ...args] = [...prefix, options.bwrap, ...own];
  const child = spawnClean({
    file,
    args,
    environment,
    stdio: [...options.stdio, "pipe", "pipe"],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  // Where the process table or the descriptors are exhausted, Node hands out a child without any stream; the error
  // event that follows says no more than this does.
  const streams: readonly unknown[] = Array.isArray(child.stdio) ? child.stdio : [];
  const [profile, info] = streams.slice(profileFd);
  if (!(profile instanceof Writable) || !(info instanceof Readable)) {
    child.once("error", () => undefined);
    throw new LoricaError("overloaded", `${options.bwrap} cannot be started: too many open files or processes`);
  }
  // A bwrap that dies before it has read its profile breaks the pipe; its exit says so, this write need not.
  profile.on("error", () => undefined);
  profile.end(options.profile.map((option) => `${option}\0`).join(""));
  return { child, kill: createKill(child, info) };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
