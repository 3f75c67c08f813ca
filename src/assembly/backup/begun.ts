// A restore that was killed between its steps is finished before anything else is looked at.
import { existsSync } from "node:fs";

/** Costs one look at the disk where there is nothing to finish. */
export async function finishBegunRestore(stateDir: string): Promise<void> {
  if (!existsSync(`${stateDir}.restore.json`)) return;
  const { finishRestore } = await import("../../backup/backup.ts");
  await finishRestore(stateDir);
}
