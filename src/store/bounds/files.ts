// Forgets received files: those that are older than they are kept, and the oldest of what is too much. What a message, a
// turn or a reply that has not ended may still need stays, however large.
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { FileTurns, MediaFolder } from "../media.ts";
import type { Ground } from "../rows.ts";
import { sealedEnding } from "../seal/files.ts";
import type { MediaKeep } from "../store.ts";

type Row = { readonly id: string; readonly bytes: number; readonly created_at: number };

export function createForgetFiles({ database, clock }: Ground, { folder, inTurn }: MediaFolder & FileTurns) {
  const totals = database.query<{ files: number; bytes: number }>(
    "SELECT count(*) AS files, coalesce(sum(bytes), 0) AS bytes FROM media",
  );
  // Which files a message has is sealed with it, so all that came since the oldest open one may be among them.
  const open = database.query<{ since: number | null }>(`
    SELECT min(at) AS since FROM (
      SELECT min(received_at) AS at FROM inbox WHERE status IN ('received', 'queued')
      UNION ALL SELECT min(started_at) FROM turns WHERE status = 'running'
      UNION ALL SELECT min(created_at) FROM outbox WHERE status IN ('pending', 'sending'))`);
  const oldest = database.query<Row>(`
    SELECT id, bytes, created_at FROM media WHERE created_at < :before ORDER BY created_at, id LIMIT :limit`);
  const remove = database.query("DELETE FROM media WHERE id = :id AND created_at = :at");
  const known = database.query<{ id: string }>("SELECT id FROM media WHERE id = :id");

  /** The row first: a file without one is found later, a row without its file would promise what is gone. */
  const forget = ({ id, created_at: at }: Row): Promise<void> =>
    inTurn(async () => {
      const removed = await database.write(() => remove.run({ id, at }));
      if (removed > 0) await rm(join(folder, id), { force: true });
    });

  /** What a crash left between a file and its row. */
  async function forgetStrays(): Promise<void> {
    for (const name of await readdir(folder)) {
      if (!name.endsWith(sealedEnding) && !name.startsWith(".")) continue;
      const path = join(folder, name);
      if ((await changedAt(path)) > Date.now() - limits.mediaOpenMs) continue;
      await inTurn(async () => {
        if ((await database.read(() => known.get({ id: name }))) === undefined) await rm(path, { force: true });
      });
    }
  }

  return async (keep: MediaKeep): Promise<number> => {
    const before = Math.min(clock.now(), open.get()?.since ?? Infinity) - limits.mediaOpenMs;
    const left = { files: 0, bytes: 0, ...totals.get() };
    let forgotten = 0;
    for (const row of oldest.all({ before, limit: limits.pruneBatchMax })) {
      if (row.created_at >= keep.since && left.files <= keep.filesMax && left.bytes <= keep.bytesMax) break;
      await forget(row);
      left.files -= 1;
      left.bytes -= row.bytes;
      forgotten += 1;
    }
    await forgetStrays();
    return forgotten;
  };
}

async function changedAt(path: string): Promise<number> {
  try {
    const about = await stat(path);
    return about.isFile() ? about.mtimeMs : Infinity;
  } catch (cause) {
    if (isMissing(cause)) return Infinity;
    throw cause;
  }
}
