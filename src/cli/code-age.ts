// Whether the program on disk has changed since a running gateway was started from it: after an update somebody has to
// be told that the gateway is still the old one.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * Looks at when each file came to be what it is (ctime), which also holds for files that were copied with older dates.
 * A release that root published beside the running one is newer by that, too.
 */
export async function isCodeNewer(codeRoot: string, startedAtMs: number): Promise<boolean> {
  const folders = await Promise.all(["src", "plugins"].map((name) => listFiles(join(codeRoot, name))));
  const files = [join(codeRoot, "package-lock.json"), ...folders.flat()];
  const changed = await Promise.all(files.map(async (file) => (await stat(file)).ctimeMs));
  return changed.some((ctimeMs) => ctimeMs > startedAtMs);
}

async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
