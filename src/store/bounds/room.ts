// Keeps the database within its bytes: the oldest of what a reset has ended and of what nobody has touched for a day goes
// first. The pages that become free are written again, so the file grows no further; it does not become smaller.
import { limits } from "../../base/limits.ts";
import type { Ground } from "../rows.ts";

type Erasing = {
  readonly eraseSession: (key: string) => void;
  readonly eraseWindow: (id: string) => void;
};

type Old = { readonly kind: "session" | "window"; readonly name: string };

export function createMakeRoom({ database, clock }: Ground, { eraseSession, eraseWindow }: Erasing) {
  const used = database.query<{ bytes: number }>(`
    SELECT (page_count - freelist_count) * page_size AS bytes
    FROM pragma_page_count, pragma_freelist_count, pragma_page_size`);
  // Where a reset ended a window, its session was touched at the same moment: the window goes first.
  const oldest = database.query<Old>(`
    SELECT kind, name FROM (
      SELECT 'window' AS kind, id AS name, ended_at AS at FROM windows WHERE ended_at IS NOT NULL
      UNION ALL
      SELECT 'session', key, updated_at FROM sessions
        WHERE updated_at < :before AND key NOT IN (SELECT session_key FROM lanes))
    ORDER BY at, kind DESC, name LIMIT 1`);
  const isTooMuch = (bytesMax: number): boolean => (used.get()?.bytes ?? 0) > bytesMax;

  return async (bytesMax: number): Promise<{ readonly sessions: number; readonly windows: number }> => {
    const gone = { session: 0, window: 0 };
    for (let isMore = true; isMore;)
      // One at a time, so that a turn that waits to be written gets in between.
      isMore = await database.write(() => {
        const old = isTooMuch(bytesMax) ? oldest.get({ before: clock.now() - limits.sessionOpenMs }) : undefined;
        if (old === undefined) return false;
        if (old.kind === "session") eraseSession(old.name);
        else eraseWindow(old.name);
        gone[old.kind] += 1;
        return true;
      });
    return { sessions: gone.session, windows: gone.window };
  };
}
