// Where a program is that the owner has installed: looked for once, on the owner's own PATH, and then called by its whole
// path only.
import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { errnoOf } from "../../base/errors.ts";

export function findProgram(name: string, searchPath: string | undefined): string | undefined {
  // A relative entry would mean whatever folder the gateway was started in.
  const folders = (searchPath ?? "").split(":").filter(isAbsolute);
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
