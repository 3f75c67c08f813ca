// Sessions and their windows: a key owns a chain of windows, and a reset starts the next one.
import { LoricaError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { joinAll } from "../base/label.ts";
import type { ThinkingLevel } from "../base/envelope.ts";
import type { Ground } from "./rows.ts";
import { fromJson, orUndefined, toJson } from "./rows.ts";
import type { NewSession, Session, Sessions, SessionWindow } from "./store.ts";

type Row = {
  readonly key: string;
  readonly agent_id: string;
  readonly window_id: string;
  readonly principal: string;
  readonly channel: string;
  readonly account: string;
  readonly label: string;
  readonly title: string | null;
  readonly model: string | null;
  readonly thinking: ThinkingLevel | null;
  readonly turn_count: number;
  readonly entry_count: number;
  readonly created_at: number;
  readonly updated_at: number;
};

type WindowRow = { readonly id: string; readonly started_at: number; readonly ended_at: number | null };

const select = `
  SELECT s.key, s.agent_id, s.window_id, s.principal, s.channel, s.account, w.label, s.title, s.model, s.thinking,
         w.turn_count, w.entry_count, s.created_at, s.updated_at
  FROM sessions s JOIN windows w ON w.id = s.window_id`;

export function createSessions(ground: Ground): Sessions {
  const { database, clock, epoch } = ground;
  const statements = prepare(ground);
  const erase = createErase(ground);

  const find = (key: string): Session | undefined => {
    const row = statements.findByKey.get({ key });
    return row === undefined ? undefined : toSession(row);
  };
  const required = (key: string): Session => {
    const session = find(key);
    if (session === undefined) throw new LoricaError("not_found", `there is no session ${key}`);
    return session;
  };
  const create = (session: NewSession): Session => {
    const now = clock.now();
    const { key, agentId, channel, account } = session;
    const windowId = newId();
    const principal = toJson(session.principal);
    statements.insertWindow.run({ id: windowId, key, label: toJson(session.label), epoch, now });
    statements.insert.run({ key, agentId, windowId, principal, channel, account, epoch, now });
    return required(key);
  };
  const reset = ({ key, windowId: ended }: Session): Session => {
    const now = clock.now();
    const windowId = newId();
    statements.endWindow.run({ id: ended, now });
    // Nothing is in the new window yet, so nothing of the old one's label is.
    statements.insertWindow.run({ id: windowId, key, label: toJson(joinAll([])), epoch, now });
    statements.setWindow.run({ key, windowId, now });
    return required(key);
  };
  return {
    async open(session) {
      // Almost every message meets a session that exists: only the first one pays for a write.
      const found = await database.read(() => find(session.key));
      if (found !== undefined) return found;
      return database.write(() => find(session.key) ?? create(session), "ordered");
    },
    find: (key) => database.read(() => find(key)),
    list: ({ agentId, limit, offset }) =>
      database.read(() => {
        if (agentId === undefined) return statements.listAll.all({ limit, offset }).map(toSession);
        return statements.listOfAgent.all({ agentId, limit, offset }).map(toSession);
      }),
    patch: (key, change) =>
      database.write(() => {
        const { title, model, thinking } = { ...required(key), ...change };
        statements.setPatch.run({
          key,
          title: title ?? null,
          model: model ?? null,
          thinking: thinking ?? null,
          now: clock.now(),
        });
        return required(key);
      }),
    reset: (key) => database.write(() => reset(required(key))),
    delete: (key) =>
      database.write(() => {
        required(key);
        erase(key);
      }),
    windows: (key) => database.read(() => statements.selectWindows.all({ key }).map(toWindow)),
  };
}

function prepare({ database }: Ground) {
  return {
    findByKey: database.query<Row>(`${select} WHERE s.key = :key`),
    listAll: database.query<Row>(`${select} ORDER BY s.updated_at DESC, s.key DESC LIMIT :limit OFFSET :offset`),
    listOfAgent: database.query<Row>(
      `${select} WHERE s.agent_id = :agentId ORDER BY s.updated_at DESC, s.key DESC LIMIT :limit OFFSET :offset`,
    ),
    insert: database.query(`
    INSERT INTO sessions (key, agent_id, window_id, principal, channel, account, epoch, created_at, updated_at)
    VALUES (:key, :agentId, :windowId, :principal, :channel, :account, :epoch, :now, :now)`),
    insertWindow: database.query(`
    INSERT INTO windows (id, session_key, label, turn_count, entry_count, epoch, started_at)
    VALUES (:id, :key, :label, 0, 0, :epoch, :now)`),
    endWindow: database.query("UPDATE windows SET ended_at = :now WHERE id = :id"),
    setWindow: database.query("UPDATE sessions SET window_id = :windowId, updated_at = :now WHERE key = :key"),
    setPatch: database.query(
      "UPDATE sessions SET title = :title, model = :model, thinking = :thinking, updated_at = :now WHERE key = :key",
    ),
    selectWindows: database.query<WindowRow>(
      "SELECT id, started_at, ended_at FROM windows WHERE session_key = :key ORDER BY position DESC",
    ),
  };
}

/**
 * Removes everything a session said. The inbox keeps its rows without their content, so that a message which the
 * platform delivers again is still known; the usage ledger keeps what was spent. Call it inside a transaction.
 */
export function createErase({ database }: Ground): (key: string) => void {
  const running = database.query<{ turn_id: string }>("SELECT turn_id FROM lanes WHERE session_key = :key");
  const ofSession = "SELECT id FROM turns WHERE session_key = :key";
  const erasures = [
    `UPDATE inbox SET envelope = json_set(envelope, '$.text', '', '$.media', json('[]'))
      WHERE turn_id IN (${ofSession})`,
    `UPDATE outbox SET text = '', media = '[]'
      WHERE turn_id IN (${ofSession}) AND status NOT IN ('pending', 'sending')`,
    "DELETE FROM steps WHERE window_id IN (SELECT id FROM windows WHERE session_key = :key)",
    "DELETE FROM windows WHERE session_key = :key",
    "UPDATE turns SET outcome = NULL, error = NULL WHERE session_key = :key",
    "DELETE FROM sessions WHERE key = :key",
  ].map((sql) => database.query(sql));
  return (key) => {
    if (running.get({ key }) !== undefined)
      throw new LoricaError("conflict", `session ${key} is running a turn; abort it or wait, then delete the session`);
    for (const erasure of erasures) erasure.run({ key });
  };
}

function toWindow(row: WindowRow): SessionWindow {
  return { id: row.id, startedAt: row.started_at, endedAt: orUndefined(row.ended_at) };
}

function toSession(row: Row): Session {
  return {
    key: row.key,
    agentId: row.agent_id,
    windowId: row.window_id,
    principal: fromJson(row.principal),
    channel: row.channel,
    account: row.account,
    label: fromJson(row.label),
    title: orUndefined(row.title),
    model: orUndefined(row.model),
    thinking: orUndefined(row.thinking),
    turnCount: row.turn_count,
    entryCount: row.entry_count,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
