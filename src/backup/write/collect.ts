// Which files of the state directory belong to a backup. What can be made again, belongs to this machine only or is evidence
// that must not go back in time stays out.
import { LoricaError } from "../../base/errors.ts";
import { listBelow } from "../../base/files/below.ts";
import { limits } from "../../base/limits.ts";
import type { BackupKind } from "../manifest.ts";

export type Collected = { readonly files: readonly string[]; readonly skipped: readonly string[] };

/** Never: what is running, cached, logged, or a backup itself. The database comes as a copy of one moment. */
const neverFirst = new Set(["run", "cache", "logs", "backups", "bin"]);
/** What is known of the service units, which lie elsewhere. */
export const ofThisMachine = "watchdog/units";
const isLeftover = /^state\/(snapshot-.*|lorica\.sqlite.*)$/;

/** What people said: out of a backup that is to be shown to somebody else. */
const isPrivate =
  /^(state|media|memory)\/|^agents\/[^/]+\/sessions\/|^workspace[^/]*\/\.?tmp\/|^credentials\/database-head\.json$/;
const isConfig = /^(openclaw\.json|settings\.json|exec-approvals\.json)$/;

/** Paths that a restore of this kind leaves as they are, because the backup does not hold them. */
export function isCarried(kind: BackupKind, path: string): boolean {
  if (neverFirst.has(path.split("/")[0] ?? "") || path.startsWith(`${ofThisMachine}/`)) return true;
  return kind === "no-transcripts" && isPrivate.test(path);
}

export async function collectFiles(stateDir: string, kind: BackupKind): Promise<Collected> {
  const files: string[] = [];
  const skipped: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    // Commands write in their workspaces meanwhile: a folder that has become a link is left out.
    const entries = (await listBelow(stateDir, folder)) ?? [];
    for (const entry of entries.toSorted((left, right) => (left.name < right.name ? -1 : 1))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const isOut = isCarried(kind, entry.isDirectory() ? `${path}/` : path) || isLeftover.test(path);
      if (isOut || (kind === "config-only" && !isConfig.test(path))) continue;
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile()) files.push(path);
      else if (skipped.length < limits.backupSkippedMax) skipped.push(path);
      if (files.length > limits.backupFilesMax)
        throw new LoricaError("too_large", `${stateDir} holds more than ${limits.backupFilesMax} files`);
    }
  };
  await walk("");
  return { files, skipped };
}
