// Looks at a running installation as the system's own tools do: which processes there are below which.
import { readFileSync, readdirSync } from "node:fs";

/** Everything below the process whose command line holds `word`; whoever is above comes before whoever is below. */
export function processesBelow(pid: number, word: string): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const [, parent] = /\) \S (\d+) /.exec(/^\d+$/.test(name) ? readProc(`/proc/${name}/stat`) : "") ?? [];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const found: number[] = [];
  for (let level = [pid]; level.length > 0;) {
    level = level.flatMap((one) => [...parents].filter(([, parent]) => parent === one).map(([child]) => child));
    found.push(...level);
  }
  return found.filter((one) => readProc(`/proc/${one}/cmdline`).includes(word));
}

/** A process may end while it is looked at. */
function readProc(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
