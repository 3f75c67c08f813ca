// Forgetting on purpose: what is older than its keep goes, in small transactions that nobody has to wait for.
import { limits } from "../../base/limits.ts";
import type { FileTurns, MediaFolder } from "../media.ts";
import type { Ground } from "../rows.ts";
import { createErase, dropWalRemains } from "../sessions.ts";
import type { Pruned, Store } from "../store.ts";
import { createForgetFiles } from "./files.ts";
import { createMakeRoom } from "./room.ts";

export function createPrune(ground: Ground, media: MediaFolder & FileTurns): Store["prune"] {
  const { database } = ground;
  const limit = limits.pruneBatchMax;
  const eraseSession = createErase(ground);
  const staleSessions = database.query<{ key: string }>(`
    SELECT key FROM sessions WHERE updated_at < :before AND key NOT IN (SELECT session_key FROM lanes)
    ORDER BY updated_at, key LIMIT :limit`);
  const surplusSessions = database.query<{ key: string }>(`
    SELECT key FROM sessions WHERE key NOT IN (SELECT session_key FROM lanes)
    ORDER BY updated_at, key LIMIT max(0, min(:limit, (SELECT count(*) FROM sessions) - :sessionsMax))`);
  const oldWindows = database.query<{ id: string }>(
    "SELECT id FROM windows WHERE ended_at < :before ORDER BY ended_at LIMIT :limit",
  );
  const eraseWindow = createEraseWindow(ground);
  const makeRoom = createMakeRoom(ground, { eraseSession, eraseWindow });
  const forgetFiles = createForgetFiles(ground, media);
  const deleteMessages = database.query(`
    DELETE FROM inbox WHERE position IN (SELECT position FROM inbox WHERE received_at < :before
      AND status IN ('done', 'dropped', 'failed') ORDER BY received_at LIMIT :limit)`);
  const deleteReplies = database.query(`
    DELETE FROM outbox WHERE position IN (SELECT position FROM outbox WHERE created_at < :before
      AND status IN ('sent', 'failed', 'unknown', 'held') ORDER BY created_at LIMIT :limit)`);
  const deleteTurns = database.query(`
    DELETE FROM turns WHERE position IN (SELECT position FROM turns WHERE ended_at < :before
      ORDER BY ended_at LIMIT :limit)`);
  const deleteKeys = database.query(`
    DELETE FROM session_keys WHERE session_key IN (SELECT session_key FROM session_keys k WHERE created_at < :before
      AND NOT EXISTS (SELECT 1 FROM sessions WHERE key = k.session_key)
      AND NOT EXISTS (SELECT 1 FROM inbox WHERE session_key = k.session_key AND envelope <> '')
      AND NOT EXISTS (SELECT 1 FROM outbox WHERE session_key = k.session_key AND text <> '')
      AND NOT EXISTS (SELECT 1 FROM turns WHERE session_key = k.session_key AND coalesce(outcome, error) IS NOT NULL)
      LIMIT :limit)`);
  return async (keep) => {
    const sessions = await database.write(() => {
      const stale = staleSessions.all({ before: keep.sessionsSince, limit });
      for (const { key } of stale) eraseSession(key);
      const surplus = surplusSessions.all({ sessionsMax: keep.sessionsMax, limit });
      for (const { key } of surplus) eraseSession(key);
      return stale.length + surplus.length;
    });
    const windows = await database.write(() => {
      const old = oldWindows.all({ before: keep.windowsSince, limit });
      for (const { id } of old) eraseWindow(id);
      return old.length;
    });
    const before = keep.messagesSince;
    const messages = await database.write(() => deleteMessages.run({ before, limit }));
    const replies = await database.write(() => deleteReplies.run({ before, limit }));
    const turns = await database.write(() => deleteTurns.run({ before, limit }));
    await database.write(() => deleteKeys.run({ before, limit }));
    const room = await makeRoom(keep.bytesMax);
    const files = await forgetFiles(keep.media);
    if (sessions + room.sessions > 0) dropWalRemains(database);
    return {
      sessions: sessions + room.sessions,
      windows: windows + room.windows,
      messages,
      replies,
      turns,
      files,
    } satisfies Pruned;
  };
}

function createEraseWindow({ database }: Ground): (id: string) => void {
  const deleteSteps = database.query("DELETE FROM steps WHERE window_id = :id");
  const deleteWindow = database.query("DELETE FROM windows WHERE id = :id");
  return (id) => {
    deleteSteps.run({ id });
    deleteWindow.run({ id });
  };
}
