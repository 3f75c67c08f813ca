// What lies below a folder, also while somebody works there.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** Names, relative to `folder`, of the files below it that hold one of the texts. What is gone before it is read holds nothing. */
export function filesWith(folder: string, ...texts: readonly (string | Buffer)[]): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const bytes = readIfThere(path);
      return texts.some((text) => bytes.includes(text));
    })
    .map((path) => relative(folder, path));
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}
