// What lies at the places of the config files, and how the approved content comes back there.
import { lstat, rename, rm } from "node:fs/promises";
import { userInfo } from "node:os";
import { isMissing } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { writeAtomically } from "../keep/atomic.ts";
import { readOwnFile } from "../read/file.ts";
import type { Loaded } from "../load.ts";
import type { StatePaths } from "../paths.ts";
import type { Approved } from "./approved.ts";
import type { HeldFiles } from "./pending.ts";

/** Something in a file's place that nobody can have meant as an edit: a link, a folder, a pipe, another user's file. */
export async function findOdd(
  files: readonly string[],
  found: Loaded,
): Promise<{ path: string; what: string } | undefined> {
  for (const path of files) {
    const stat = await lstatOf(path);
    if (stat === undefined) return { path, what: `${path} was removed` };
    const what = `${path} was replaced by something that is not a file of yours alone`;
    if (!stat.isFile() || stat.uid !== userInfo().uid || (stat.mode & 0o022) !== 0) return { path, what };
    if ((stat.mode & 0o400) === 0) return { path, what: `${path} was made unreadable` };
    if (stat.size === 0 || isEmptied(found, path)) return { path, what: `${path} was emptied` };
  }
  return undefined;
}

/** By what was read, which may be something else than what lies there by now. */
export function isEmptied(found: Loaded, path: string): boolean {
  return found.kind === "loaded" && found.sources.get(path)?.length === 0;
}

async function lstatOf(path: string) {
  try {
    return await lstat(path);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw cause;
  }
}

export async function putBack({ files }: Approved, { configPath, dotEnvPath }: StatePaths): Promise<void> {
  for (const path of [configPath, dotEnvPath]) if (!files.has(path)) await rm(path, { recursive: true, force: true });
  for (const [path, bytes] of files) {
    const stat = await lstatOf(path);
    // What a rename cannot replace is moved out of the way, with what is in it.
    if (stat?.isDirectory() === true) await rename(path, `${path}.moved-away-${Date.now()}`);
    const present = stat?.isFile() === true ? await readOwnFile(path, limits.configFileMaxBytes) : undefined;
    if (present?.ok === true && Buffer.from(bytes).equals(present.value.bytes)) continue;
    await writeAtomically(path, bytes);
  }
}

export function changedFiles(
  approved: ReadonlyMap<string, Uint8Array>,
  found: ReadonlyMap<string, Uint8Array>,
  { configPath, dotEnvPath }: StatePaths,
): HeldFiles {
  const changed = [...found].filter(([path, bytes]) => {
    const was = approved.get(path);
    return path === configPath || was === undefined || !Buffer.from(bytes).equals(was);
  });
  const gone = [configPath, ...(approved.has(dotEnvPath) ? [dotEnvPath] : [])].filter((path) => !found.has(path));
  return new Map([...changed, ...gone.map((path) => [path, undefined] as const)]);
}
