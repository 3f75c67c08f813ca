// Processes that tests have started and not ended. Each was given the run's own temporary folder in its environment or
// its arguments, or, where nobody may read those, holds a lock on a file in it.
import { globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

export type LeftOver = { readonly pid: number; readonly command: string };

/** Those of `folder`, an absolute path without links, but not this process. */
export function leftOver(folder: string): readonly LeftOver[] {
  const holders = holdersOfLocks(folder);
  return (
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => pid !== process.pid)
      .map((pid) => ({ pid, command: read(pid, "cmdline").replaceAll("\0", " ").trim() }))
      // What has ended and waits to be asked for its status has no command any more.
      .filter(({ command }) => command !== "")
      .filter(({ pid, command }) => holders.has(pid) || `${command} ${read(pid, "environ")}`.includes(folder))
  );
}

/** proc_locks(5): `1: POSIX  ADVISORY  READ 4711 fe:00:1234 0 EOF`, the device's parts in hexadecimal digits. */
function holdersOfLocks(folder: string): ReadonlySet<number> {
  const files = new Set(globSync(`${folder}/**/*`).map(idOf));
  const locks = readFileSync("/proc/locks", "utf8").matchAll(/ (\d+) ([0-9a-f]+:[0-9a-f]+:\d+) /g);
  return new Set([...locks].filter(([, , id]) => files.has(id)).map(([, pid]) => Number(pid)));
}

function idOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const major = (found.dev >> 8).toString(16).padStart(2, "0");
  const minor = ((found.dev & 0xff) | ((found.dev >> 12) & 0xfff00)).toString(16).padStart(2, "0");
  return `${major}:${minor}:${found.ino}`;
}

/** What ended meanwhile, and what nobody may read, says nothing. */
function read(pid: number, name: string): string {
  try {
    return readFileSync(join("/proc", String(pid), name), "utf8");
  } catch {
    return "";
  }
}
