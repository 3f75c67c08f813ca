// Which folder a cell may be given. Binding the wrong one would hand the host, or the broker's own files, to commands.
import { existsSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, normalize } from "node:path";
import { errnoOf, isMissing, LoricaError } from "../../base/errors.ts";
import { refusedSource } from "../../protocol/known/binds.ts";
import { isWithin, systemFolders } from "../profile.ts";
import type { CellSettings } from "../sandbox.ts";

/** Tells one folder from another that was put in its place. */
export type FolderIdentity = string;

/** What a workspace must be apart from. */
export type Surroundings = {
  /** The broker's own files and folders, and the user's keys. */
  readonly protectedPaths: readonly string[];
  /** The other agents'. */
  readonly others: readonly CellSettings[];
};

/**
 * Asked before each use, so that a folder which was deleted and made anew is not written into unseen, and one that leads
 * somewhere else by now is not followed.
 */
export function checkWorkspace(settings: CellSettings, { protectedPaths, others }: Surroundings): FolderIdentity {
  const { workspace, access } = settings;
  const othersWorkspaces = others.filter((other) => !isGranted(settings, other)).map((other) => other.workspace);
  if (!isAbsolute(workspace) || normalize(workspace) !== workspace || workspace.endsWith("/"))
    throw new LoricaError("config_invalid", `the workspace must be an absolute, plain path, not ${workspace}`);
  const real = realPathOf(workspace);
  for (const path of [workspace, real]) {
    const folder = ["/", "/home", "/root", "/tmp", "/var", "/opt", "/srv", "/mnt"].find((name) => name === path);
    const system = folder ?? systemFolders.find((name) => isWithin(path, name));
    if (system !== undefined)
      throw new LoricaError("config_invalid", `${workspace} cannot be a workspace: it lies in, or is, ${system}`);
    const exposed = protectedPaths.find((name) => overlap(name, path));
    if (exposed !== undefined)
      throw new LoricaError("config_invalid", `${workspace} cannot be a workspace: commands would reach ${exposed}`);
    const shared = othersWorkspaces.find((name) => overlap(name, path) || overlap(realPathOr(name), path));
    const within = writableBinds([settings, ...others]).find((source) => path !== source && isWithin(path, source));
    if (within !== undefined)
      throw new LoricaError(
        "config_invalid",
        `${workspace} cannot be a workspace: commands write to ${within}, which it lies in, and could put something else in its place`,
      );
    // Without access the folder is an empty one, whatever lies there.
    if (shared !== undefined && access !== "none")
      throw new LoricaError(
        "config_invalid",
        `${workspace} cannot be a workspace: it is, holds or lies in ${shared}, where another agent works; give each agent a folder of its own, or both the same one and \`sandbox.scope: "shared"\``,
      );
  }
  return identityOf(workspace);
}

/** Both agents' settings say so, and they mean the very same folder. */
function isGranted(one: CellSettings, other: CellSettings): boolean {
  return one.scope === "shared" && other.scope === "shared" && one.workspace === other.workspace;
}

/**
 * Folders of the host that the owner put into a cell: where their links lead by now must be as harmless as what the config
 * names, and nothing of the broker's.
 */
export function checkBinds(settings: CellSettings, { protectedPaths, others }: Surroundings): void {
  const all = [settings, ...others];
  const workspaces = all.filter(({ access }) => access === "rw").flatMap(({ workspace }) => namesOf(workspace));
  const writable = [...workspaces, ...writableBinds(all)];
  for (const { source, access } of settings.binds ?? []) {
    const real = realPathOr(source);
    const exposed = protectedPaths.find((name) => overlap(name, source) || overlap(name, real));
    const reason =
      exposed === undefined
        ? (refusedSource(real) ?? refusedAmong(source, access, { workspaces, writable }))
        : `commands would reach ${exposed}`;
    if (reason !== undefined)
      throw new LoricaError("config_invalid", `${source} cannot be bound into a cell: ${reason}`);
    if (!existsSync(real)) throw new LoricaError("not_found", `${source}, to be bound into a cell, is not there`);
  }
}

/** What commands can write to they can put a link in, and what tells an agent how to behave they must not write. */
function refusedAmong(
  source: string,
  access: "ro" | "rw",
  { workspaces, writable }: { readonly workspaces: readonly string[]; readonly writable: readonly string[] },
): string | undefined {
  const paths = namesOf(source);
  const folder = writable.find((name) => paths.some((path) => path !== name && isWithin(path, name)));
  if (folder !== undefined)
    return `commands write to ${folder}, which it lies in, and could put a link to anything in its place`;
  const workspace = workspaces.find((name) => access === "rw" && paths.some((path) => isWithin(name, path)));
  if (workspace === undefined) return undefined;
  return `commands could write the instructions in ${workspace}; bind it read-only, or only what lies beside it`;
}

function writableBinds(all: readonly CellSettings[]): readonly string[] {
  const binds = all.flatMap(({ binds = [] }) => binds);
  return binds.filter(({ access }) => access === "rw").flatMap(({ source }) => namesOf(source));
}

/** As it is written, and where that leads. */
function namesOf(path: string): readonly string[] {
  return [...new Set([path, realPathOr(path)])];
}

function overlap(one: string, other: string): boolean {
  return isWithin(one, other) || isWithin(other, one);
}

/** The path itself where nothing is there yet. */
export function realPathOr(path: string): string {
  try {
    return realpathSync(path);
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
    return path;
  }
}

function identityOf(workspace: string): FolderIdentity {
  const status = statSync(workspace, { throwIfNoEntry: false });
  if (status === undefined) throw missing(workspace);
  if (!status.isDirectory()) throw new LoricaError("config_invalid", `the workspace ${workspace} is not a folder`);
  return `${status.dev}:${status.ino}`;
}

function realPathOf(workspace: string): string {
  try {
    return realpathSync(workspace);
  } catch (cause) {
    if (isMissing(cause)) throw missing(workspace);
    throw new LoricaError("unavailable", `the workspace ${workspace} cannot be opened`, { cause });
  }
}

function missing(workspace: string): LoricaError {
  return new LoricaError(
    "not_found",
    `the workspace ${workspace} does not exist; create it, or set agents.defaults.workspace to one that does`,
  );
}
