// Where the file tools work: the workspace, /tmp and the cell's home. The walls of the cell hide what must not be seen; this
// is for the rest of it, the system's own files, which are a command's to read and no file tool's.
import { realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { errnoOf, FileFailure } from "./failure.ts";

export function createInside(roots: readonly string[]): (path: string) => string {
  const real = roots.map((root) => realPathOf(root));
  return (path) => {
    const target = realPathOf(path);
    if (real.some((root) => target === root || target.startsWith(`${root}/`))) return path;
    const leads = target === path ? "is" : `leads to ${target},`;
    throw new FileFailure("forbidden", `${path} ${leads} outside of the workspace and /tmp, where file tools work`);
  };
}

/** With every link followed; what does not exist yet is where its parent is. */
function realPathOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    // A loop leads nowhere, and a link that dangles may be made to lead anywhere by who writes through it.
    if (errnoOf(error) !== "ENOENT" || dirname(path) === path) throw error;
    return join(realPathOf(dirname(path)), basename(path));
  }
}
