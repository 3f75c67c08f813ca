// The files behind a hook's command: which folder they are in, whether anybody but the owner could have written them, and
// what they are, as one hash. Nothing of it is believed from the last time longer than the file system says the same.
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { dirname, isAbsolute, join, normalize } from "node:path";
import { errnoOf, LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { isWithin, systemFolders } from "../sandbox/sandbox.ts";

export type ScriptPlaces = {
  readonly home: string;
  readonly stateDir: string;
  /** What no folder of hooks may be, hold or lie in: keys, the config, the product's own files. */
  readonly protectedPaths: readonly string[];
  /** Where agents write. */
  readonly workspaces: () => readonly string[];
};

/** What a command needs beside its text. Throws `forbidden` or `not_found`, for the owner to read. */
export function scriptFolders(command: string, places: ScriptPlaces): readonly string[] {
  const folders = new Set<string>();
  for (const path of namedPaths(command, places)) {
    if (systemFolders.some((folder) => isWithin(path, folder)) || !isNamedFile(path)) continue;
    const folder = dirname(path);
    checkFolder(folder, places);
    folders.add(folder);
  }
  return [...folders];
}

/** One hash over names, modes and contents of all that lies in the folder: a script may read what is beside it. */
export function createFolderHash(): (folder: string) => string {
  const known = new Map<string, { readonly stamp: string; readonly hash: string }>();
  return (folder) => {
    const entries = walk(folder);
    const stamp = entries
      .map(({ path, status }) => [path, status.ino, status.size, status.mtimeNs, status.ctimeNs].join())
      .join("\n");
    const before = known.get(folder);
    if (before?.stamp === stamp) return before.hash;
    const hash = hashOf(entries);
    if (known.size >= limits.hooksMax) known.clear();
    known.set(folder, { stamp, hash });
    return hash;
  };
}

type Entry = { readonly path: string; readonly status: BigIntStats };

function walk(folder: string): readonly Entry[] {
  const entries: Entry[] = [];
  let bytes = 0n;
  for (const path of ["", ...readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted()]) {
    const status = lstatSync(join(folder, path), { bigint: true });
    checkOwner(join(folder, path), status);
    if (!status.isFile() && !status.isDirectory() && !status.isSymbolicLink())
      throw refused(join(folder, path), "is neither a file nor a folder");
    bytes += status.isFile() ? status.size : 0n;
    entries.push({ path: join(folder, path), status });
    if (entries.length > limits.hookFilesMax || bytes > limits.hookFilesMaxBytes)
      throw refused(
        folder,
        `holds more than ${limits.hookFilesMax} files or ${limits.hookFilesMaxBytes} bytes; give hooks a folder of their own`,
      );
  }
  return entries;
}

function hashOf(entries: readonly Entry[]): string {
  const hash = createHash("sha256");
  for (const { path, status } of entries) {
    const content = status.isFile() ? readFileSync(path) : status.isSymbolicLink() ? readlinkSync(path) : "";
    const kind = status.isFile() ? "file" : status.isSymbolicLink() ? "link" : "folder";
    const digest = createHash("sha256").update(content).digest("hex");
    hash.update(JSON.stringify([path, kind, Number(status.mode & 0o777n), digest]));
  }
  return hash.digest("hex");
}

/** Words that are paths, as the shell will see them: with quotes gone and the few variables that hooks use filled in. */
function namedPaths(command: string, { home, stateDir, workspaces }: ScriptPlaces): readonly string[] {
  const [project = "/"] = workspaces();
  const words = command.match(/(?:"[^"]*"|'[^']*'|[^\s;|&<>()])+/g) ?? [];
  return words.flatMap((word) => {
    const path = word
      .replaceAll(/["']/g, "")
      .replace(/^~(?=\/)/, home)
      .replaceAll(/\$\{?HOME\b\}?/g, home)
      .replaceAll(/\$\{?OPENCLAW_STATE_DIR\b\}?/g, stateDir)
      .replaceAll(/\$\{?CLAUDE_PROJECT_DIR\b\}?/g, project);
    if (isAbsolute(path)) return [normalize(path)];
    // Written for a program that runs hooks in the workspace: whoever relies on that has to hear why it is not so here.
    return path.includes("/") ? workspaces().map((workspace) => join(workspace, path)) : [];
  });
}

function isNamedFile(path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) {
    // A path that only looks like one, as in a pattern for grep, names no folder that exists either.
    if (statSync(dirname(path), { throwIfNoEntry: false }) === undefined || !/\.\w+$/.test(path)) return false;
    throw new LoricaError("not_found", `the hook's script ${path} is not there`);
  }
  return status.isFile();
}

function checkFolder(folder: string, { home, stateDir, protectedPaths, workspaces }: ScriptPlaces): void {
  const real = realPathOf(folder);
  if (real !== folder) throw refused(folder, `leads to ${real}; name that folder in settings.json`);
  const workspace = workspaces().find((path) => isWithin(folder, path) || isWithin(path, folder));
  if (workspace !== undefined)
    throw refused(folder, `lies in, or holds, the workspace ${workspace}, where agents write; move it`);
  const exposed =
    [home, stateDir].find((path) => isWithin(path, folder)) ??
    protectedPaths.find((path) => isWithin(path, folder) || isWithin(folder, path));
  if (exposed !== undefined)
    throw refused(folder, `would show ${exposed} to the hook; give hooks a folder of their own, as ${stateDir}/hooks`);
}

function realPathOf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch (cause) {
    throw new LoricaError("not_found", `cannot open the hooks' folder ${folder}: ${errnoOf(cause) ?? "unknown"}`, {
      cause,
    });
  }
}

/** Exported for settings.json, which is held to the same. */
export function checkOwner(path: string, status: BigIntStats): void {
  if (status.uid !== 0n && status.uid !== BigInt(process.getuid?.() ?? 0))
    throw refused(path, "belongs to another user");
  // Many systems give each user a group of their own, and files that it may write.
  const isOwnGroup = status.gid === 0n || status.gid === BigInt(process.getgid?.() ?? 0);
  if (!status.isSymbolicLink() && (status.mode & (isOwnGroup ? 0o002n : 0o022n)) !== 0n)
    throw refused(path, `can be written by other users; chmod go-w ${path}`);
}

function refused(path: string, why: string): LoricaError {
  return new LoricaError("forbidden", `${path} ${why}`);
}
