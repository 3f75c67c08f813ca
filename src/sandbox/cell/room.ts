// Starts a program in a bubblewrap of its own, inside the cell: what commands and the file worker have in common.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { Readable } from "node:stream";
import { createKill } from "./kill.ts";

/** Files with bwrap's options and with the filter; opened anew for each room. */
export type RoomFiles = { readonly bwrap: string; readonly profile: string; readonly filter: string };

export type RoomSpawn = {
  readonly argv: readonly string[];
  /** Options beside those of the profile. */
  readonly options: readonly string[];
  /** Descriptors 0, 1, 2 and, where it is given, 3. */
  readonly stdio: readonly ("ignore" | "pipe" | "inherit")[];
};

export type Room = { readonly child: ChildProcess; readonly kill: () => void };

export function startRoom(files: RoomFiles, { argv, options, stdio }: RoomSpawn): Room {
  const fds: number[] = [];
  try {
    fds.push(openSync(files.profile, "r"), openSync(files.filter, "r"));
    const [profile, filter, info] = [stdio.length, stdio.length + 1, stdio.length + 2].map(String);
    const own = ["--args", `${profile}`, "--seccomp", `${filter}`, "--info-fd", `${info}`];
    const child = spawn(files.bwrap, [...own, ...options, "--", ...argv], {
      env: {},
      cwd: "/",
      stdio: [...stdio, ...fds, "pipe"],
    });
    // Where the process table or the descriptors are exhausted, Node hands out a child without any stream; the error
    // event that follows says no more than this does.
    const streams: readonly unknown[] = Array.isArray(child.stdio) ? child.stdio : [];
    const told = streams[stdio.length + 2];
    if (!(told instanceof Readable)) {
      child.once("error", () => undefined);
      throw new Error("too many processes or open files in this cell");
    }
    return { child, kill: createKill(child, told) };
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}
