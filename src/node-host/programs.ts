// Where programs are looked for on this machine: in the places where a system keeps them, never in a PATH that somebody
// else may have made.
import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";

const folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/opt/homebrew/bin"];

export const searchPath = folders.join(":");

/** The absolute path of a program; undefined where there is none. */
export function findProgram(name: string): string | undefined {
  if (isAbsolute(name)) return isProgram(name) ? name : undefined;
  if (name === "" || name.includes("/") || name.includes("\0")) return undefined;
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not for this user: either way it cannot be run.
    return false;
  }
}
