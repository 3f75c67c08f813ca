// Reading a file that need not be there. That it is missing has a value; whatever else goes wrong is thrown as the system
// said it.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isMissing } from "../errors.ts";

export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw cause;
  }
}

export function readIfThereSync(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw cause;
  }
}
