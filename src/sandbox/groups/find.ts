// Where on this host a cell can be given a control group, found by looking at the groups that this process is in itself.
// Only a group that is ours to divide counts: one that systemd delegated, or that whoever started us handed over.
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { errnoOf } from "../../base/errors.ts";

/**
 * Folders in which groups for cells can be made; one for v2, one for each controller for v1. With v2 what bounds them all
 * together is said beside, where there is something: in a unit of systemd.
 */
export type GroupPlace =
  | { readonly kind: "v2"; readonly base: string; readonly together: Together }
  | { readonly kind: "v1"; readonly bases: ReadonlyMap<string, string> };

export type Together = { readonly memory: number | undefined; readonly pids: number | undefined };

/** The kernel's files, replaceable so that hosts of other kinds can be told to this. */
export type GroupFiles = { readonly cgroup: string; readonly mountinfo: string };

const wanted = ["memory", "pids", "cpu"] as const;
/** Without these two a group bounds nothing that matters. */
const needed = ["memory", "pids"] as const;
/** In v2 a group that has groups below it may hold no process itself, so our own go into this one. */
const ownName = "lorica-own";
const cellsName = "lorica-cells";
/** Of what bounds us all: the broker and the gateway always have the rest, whatever all cells do at once. */
const cellsShare = 0.75;
const roundsMax = 8;

export function findGroupPlace(files: GroupFiles): GroupPlace | undefined {
  const mounts = readMounts(files.mountinfo);
  const own = readOwn(files.cgroup);
  return findUnified(mounts, own) ?? findSeparate(mounts, own);
}

type Mount = {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
};

function findUnified(mounts: readonly Mount[], own: ReadonlyMap<string, string>): GroupPlace | undefined {
  const mount = mounts.find(({ type }) => type === "cgroup2");
  const folder = folderOf(mount, own.get(""));
  if (folder === undefined) return undefined;
  const base = basename(folder) === ownName ? dirname(folder) : folder;
  const controllers = words(join(base, "cgroup.controllers"));
  if (!needed.every((name) => controllers.includes(name))) return undefined;
  if (![base, join(base, "cgroup.procs"), join(base, "cgroup.subtree_control")].every(isWritable)) return undefined;
  const usable = wanted.filter((name) => controllers.includes(name));
  return divide(base, usable);
}

/** Moves our own processes aside and hands the controllers down; undefined where the kernel does not let us. */
function divide(base: string, controllers: readonly string[]): GroupPlace | undefined {
  try {
    const [own, cells] = [join(base, ownName), join(base, cellsName)];
    for (const folder of [own, cells]) mkdirSync(folder, { recursive: true });
    // Whoever begins while the others are moved stays behind, where one process is enough for the kernel to refuse.
    for (let round = 0; round < roundsMax; round += 1)
      for (const pid of words(join(base, "cgroup.procs"))) moveInto(own, pid);
    const handed = controllers.map((name) => `+${name}`).join(" ");
    writeFileSync(join(base, "cgroup.subtree_control"), handed);
    const together = { memory: share(base, "memory.max"), pids: share(base, "pids.max") };
    writeFileSync(join(cells, "memory.max"), String(together.memory ?? "max"));
    writeFileSync(join(cells, "pids.max"), String(together.pids ?? "max"));
    writeFileSync(join(cells, "cgroup.subtree_control"), handed);
    return { kind: "v2", base: cells, together };
  } catch (error) {
    // Somebody else's rule about this group.
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Undefined where nothing bounds us, which the kernel calls `max`. */
function share(base: string, file: string): number | undefined {
  const all = Number.parseInt(words(join(base, file))[0] ?? "", 10);
  return Number.isNaN(all) ? undefined : Math.floor(all * cellsShare);
}

function moveInto(group: string, pid: string): void {
  try {
    writeFileSync(join(group, "cgroup.procs"), pid);
  } catch (error) {
    // It ended before it was moved.
    if (errnoOf(error) !== "ESRCH") throw error;
  }
}

function findSeparate(mounts: readonly Mount[], own: ReadonlyMap<string, string>): GroupPlace | undefined {
  const bases = new Map<string, string>();
  for (const name of wanted) {
    const mount = mounts.find(({ type, options }) => type === "cgroup" && options.includes(name));
    const folder = folderOf(mount, own.get(name));
    if (folder !== undefined && isWritable(folder) && isWritable(join(folder, "cgroup.procs"))) bases.set(name, folder);
  }
  return needed.every((name) => bases.has(name)) ? { kind: "v1", bases } : undefined;
}

function folderOf(mount: Mount | undefined, path: string | undefined): string | undefined {
  if (mount === undefined || path === undefined) return undefined;
  const below = relative(mount.root, path);
  // In a namespace of its own a process may be told a path that is not below what is mounted.
  if (below.startsWith("..")) return undefined;
  const folder = join(mount.point, below);
  return existsSync(folder) ? folder : undefined;
}

/** Controller → path of this process' group; v2 has no name. */
function readOwn(file: string): ReadonlyMap<string, string> {
  const own = new Map<string, string>();
  for (const line of lines(file)) {
    const [, names = "", ...path] = line.split(":");
    for (const name of names.split(",")) own.set(name, path.join(":"));
  }
  return own;
}

function readMounts(file: string): readonly Mount[] {
  return lines(file).flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root = "", point = ""] = before.split(" ");
    const [type = "", , options = ""] = after.split(" ");
    return [{ root, point: point.replaceAll(String.raw`\040`, " "), type, options: options.split(",") }];
  });
}

function lines(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
}

function words(file: string): readonly string[] {
  return lines(file).flatMap((line) => line.split(" "));
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
