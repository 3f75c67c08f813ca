// Which folder a cell may be given. Binding the wrong one would hand the host, or the broker's own files, to commands.
import { realpathSync, statSync } from "node:fs";
import { isAbsolute, normalize } from "node:path";
import { isMissing, LoricaError } from "../../base/errors.ts";
import { isWithin, systemFolders } from "../../sandbox/sandbox.ts";
import type { CellSettings } from "../../sandbox/sandbox.ts";

/** Tells one folder from another that was put in its place. */
export type FolderIdentity = string;

export function checkWorkspace(settings: CellSettings, protectedPaths: readonly string[]): FolderIdentity {
  const { workspace } = settings;
  if (!isAbsolute(workspace) || normalize(workspace) !== workspace || workspace.endsWith("/"))
    throw new LoricaError("config_invalid", `the workspace must be an absolute, plain path, not ${workspace}`);
  const real = realPathOf(workspace);
  for (const path of [workspace, real]) {
    const folder = ["/", "/home", "/root", "/tmp", "/var", "/opt", "/srv", "/mnt"].find((name) => name === path);
    const system = folder ?? systemFolders.find((name) => isWithin(path, name));
    if (system !== undefined)
      throw new LoricaError("config_invalid", `${workspace} cannot be a workspace: it lies in, or is, ${system}`);
    const exposed = protectedPaths.find((name) => isWithin(name, path) || isWithin(path, name));
    if (exposed !== undefined)
      throw new LoricaError("config_invalid", `${workspace} cannot be a workspace: commands would reach ${exposed}`);
  }
  return identityOf(workspace);
}

/** Cheap enough to ask before each use: a folder that was deleted and made anew must not be written into unseen. */
export function identityOf(workspace: string): FolderIdentity {
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
