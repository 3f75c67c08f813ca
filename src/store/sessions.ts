// Sessions and their windows: a key owns a chain of windows, and a reset starts the next one.
import { LoricaError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { joinAll } from "../base/label.ts";
import type { ThinkingLevel } from "../base/envelope.ts";
import type { Ground } from "./rows.ts";
import { damagedText, fromJson, orUndefined, toJson } from "./rows.ts";
import type { Database } from "./database.ts";
import type { Place } from "./seal/places.ts";
import { envelopePlace, replyPlace, titlePlace } from "./seal/places.ts";
import type { Seals } from "./seal/seals.ts";
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
  const { database, clock, epoch, seals } = ground;
  const statements = prepare(ground);
  const erase = createErase(ground);

  const find = (key: string): Session | undefined => {
    const row = statements.findByKey.get({ key });
    return row === undefined ? undefined : toSession(row, seals);
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
        const { listAll, listOfAgent } = statements;
        const rows =
          agentId === undefined ? listAll.all({ limit, offset }) : listOfAgent.all({ agentId, limit, offset });
        return rows.map((row) => toSession(row, seals));
      }),
    patch: (key, change) =>
      database.write(() => {
        const { title, model, thinking } = { ...required(key), ...change };
        statements.setPatch.run({
          key,
          title: title === undefined ? null : seals.seal(titlePlace({ key }), title),
          model: model ?? null,
          thinking: thinking ?? null,
          now: clock.now(),
        });
        return required(key);
      }),
    reset: (key) => database.write(() => reset(required(key))),
    async delete(key) {
      await database.write(() => {
        required(key);
        erase(key);
      });
      dropWalRemains(database);
    },
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
 * Removes everything a session said, and the key that it was sealed with. The inbox keeps its rows without their content,
 * so that a message which the platform delivers again is still known; the usage ledger keeps what was spent. Call it
 * inside a transaction.
 */
export function createErase(ground: Ground): (key: string) => void {
  const { database, seals } = ground;
  const running = database.query<{ turn_id: string }>("SELECT turn_id FROM lanes WHERE session_key = :key");
  const setFree = createSetFree(ground);
  const erasures = [
    `UPDATE inbox SET envelope = '' WHERE session_key = :key AND status NOT IN ('received', 'queued')`,
    `UPDATE outbox SET text = '', media = '[]' WHERE session_key = :key AND status NOT IN ('pending', 'sending')`,
    "DELETE FROM steps WHERE window_id IN (SELECT id FROM windows WHERE session_key = :key)",
    "DELETE FROM windows WHERE session_key = :key",
    "UPDATE turns SET outcome = NULL, error = NULL WHERE session_key = :key",
    "DELETE FROM sessions WHERE key = :key",
  ].map((sql) => database.query(sql));
  return (key) => {
    if (running.get({ key }) !== undefined)
      throw new LoricaError("conflict", `session ${key} is running a turn; abort it or wait, then delete the session`);
    const free = setFree(key);
    for (const erasure of erasures) erasure.run({ key });
    seals.keys.destroy(key);
    free();
  };
}

/**
 * What is still on its way outlives its session: it is opened while the key is there, and sealed anew with the next one,
 * which goes too once nothing needs it.
 */
function createSetFree({ database, seals }: Ground): (key: string) => () => void {
  const messages = database.query<{ id: string; session_key: string; envelope: string }>(
    "SELECT id, session_key, envelope FROM inbox WHERE session_key = :key AND status IN ('received', 'queued')",
  );
  const replies = database.query<{ id: string; session_key: string; text: string; media: string }>(
    "SELECT id, session_key, text, media FROM outbox WHERE session_key = :key AND status IN ('pending', 'sending')",
  );
  const setEnvelope = database.query("UPDATE inbox SET envelope = :envelope WHERE id = :id");
  const setReply = database.query("UPDATE outbox SET text = :text, media = :media WHERE id = :id");
  const again = (place: Place, value: string): (() => string) => {
    const plain = value === "" || value === "[]" ? undefined : seals.open(place, value);
    // What is damaged stays so.
    return () => (plain === undefined ? value : seals.seal(place, plain));
  };
  return (key) => {
    const envelopes = messages.all({ key }).map((row) => [row.id, again(envelopePlace(row), row.envelope)] as const);
    const open = replies.all({ key }).map((row) => {
      const text = again(replyPlace("text", row), row.text);
      return { id: row.id, text, media: again(replyPlace("media", row), row.media) };
    });
    return () => {
      for (const [id, envelope] of envelopes) setEnvelope.run({ id, envelope: envelope() });
      for (const { id, text, media } of open) setReply.run({ id, text: text(), media: media() });
    };
  };
}

/** The log of changes holds pages as they were before, and with them the key that was just destroyed. */
export function dropWalRemains(database: Database): void {
  database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

function toWindow(row: WindowRow): SessionWindow {
  return { id: row.id, startedAt: row.started_at, endedAt: orUndefined(row.ended_at) };
}

function toSession(row: Row, seals: Seals): Session {
  return {
    key: row.key,
    agentId: row.agent_id,
    windowId: row.window_id,
    principal: fromJson(row.principal),
    channel: row.channel,
    account: row.account,
    label: fromJson(row.label),
    title: row.title === null ? undefined : (seals.open(titlePlace(row), row.title) ?? damagedText),
    model: orUndefined(row.model),
    thinking: orUndefined(row.thinking),
    turnCount: row.turn_count,
    entryCount: row.entry_count,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
