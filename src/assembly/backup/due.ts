// The backup that the schedule makes: one that was missed, too, and none that was not read back.
import type { AuditLog } from "../../audit/audit.ts";
import { removeBackup, removeOldBackups } from "../../backup/backup.ts";
import { folderOf } from "./calls.ts";
import type { BackupDeps, SharedCalls } from "./calls.ts";
import { missedSince, readLastRun, saveLastRun } from "./runs.ts";

/** Makes the backup that is due, tries it, and only then lets old ones go. */
export async function makeDue(
  deps: BackupDeps,
  { calls, audit }: { readonly calls: SharedCalls; readonly audit: AuditLog },
  signal: AbortSignal,
): Promise<void> {
  const { paths, now } = deps;
  const settings = deps.config();
  const lastRunAt = await readLastRun(paths);
  if (settings.every === "off") return;
  // With no run on record the schedule begins now.
  if (lastRunAt === undefined) return await saveLastRun(paths, now());
  if (missedSince(settings, lastRunAt, now()) === undefined) return;
  const { path, bytes } = await calls["backup.create"]({ kind: settings.kind }, { signal });
  const { files } = await tryOrRemove(calls, path, signal);
  await saveLastRun(paths, now());
  const removed = (await removeOldBackups(folderOf(deps), settings.kind, settings.keep)).length;
  const result = { bytes, files, removed };
  audit.record({ kind: "backup", actor: "schedule", resource: `made and verified ${path}`, result });
}

/** It is made again later: without this, each attempt would leave one that nobody has read, until the disk is full. */
async function tryOrRemove(calls: SharedCalls, path: string, signal: AbortSignal) {
  try {
    return await calls["backup.verify"]({ path }, { signal });
  } catch (error) {
    await removeBackup(path);
    throw error;
  }
}
