// Turns: what is being answered, for whom, and how it ended. Begin and finish each move everything that hangs on a
// turn in one write, so that no crash can leave a message taken without a turn, or a turn ended without its reply.
import { LoricaError } from "../base/errors.ts";
import type { Json } from "../base/json.ts";
import { joinAll, joinLabels } from "../base/label.ts";
import { createOutboxInsert } from "./outbox.ts";
import type { Ground } from "./rows.ts";
import { damagedText, fromJson, orUndefined, toJson } from "./rows.ts";
import { inboxReasonPlace, turnPlace } from "./seal/places.ts";
import type { Seals } from "./seal/seals.ts";
import type { NewTurn, Turn, Turns, TurnStatus } from "./store.ts";
import type { Journal } from "./transcript.ts";
import type { Ledger } from "./usage.ts";

type Row = {
  readonly id: string;
  readonly session_key: string;
  readonly window_id: string;
  readonly agent_id: string;
  readonly status: TurnStatus;
  readonly principal: string;
  readonly label: string;
  readonly reply_to: string;
  readonly inbox_ids: string;
  readonly attempts: number;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly error: string | null;
  readonly outcome: string | null;
};

const select = `
  SELECT id, session_key, window_id, agent_id, status, principal, label, reply_to, inbox_ids, attempts, started_at,
         ended_at, error, outcome
  FROM turns`;

export function createTurns(
  ground: Ground,
  { journal, ledger }: { readonly journal: Journal; readonly ledger: Ledger },
): Turns {
  const { database, clock, epoch, seals } = ground;
  const messages = createMessageMoves(ground);
  const lane = createLane(ground);
  const insertReply = createOutboxInsert(ground);
  const statements = prepare(ground);

  const runningTurn = (id: string): Turn => {
    const row = statements.findById.get({ id });
    if (row === undefined) throw new LoricaError("not_found", `there is no turn ${id}`);
    if (row.status !== "running") throw new LoricaError("conflict", `turn ${id} has ended already: ${row.status}`);
    return toTurn(row, seals);
  };
  // Beginning, joining and restarting are ordered only: undone together with all that followed, they leave the messages
  // where an earlier, flushed write put them, and the next start finds them there.
  return {
    begin: (turn, newEntries) =>
      database.write(() => {
        lane.claim(turn);
        messages.take(turn.id, turn.inboxIds);
        const entries = journal.append(newEntries);
        // What the window holds is in the turn's context, whoever asked for the turn.
        const label = joinLabels(turn.label, journal.labelOf(turn.windowId));
        statements.insert.run({ ...turnColumns(turn), label: toJson(label), epoch, now: clock.now() });
        statements.countTurn.run({ windowId: turn.windowId });
        return { turn: runningTurn(turn.id), entries };
      }, "ordered"),
    join: (id, inboxIds, newEntries) =>
      database.write(() => {
        const turn = runningTurn(id);
        messages.take(id, inboxIds);
        const entries = journal.append(newEntries);
        const label = joinLabels(turn.label, joinAll(entries.map((entry) => entry.label)));
        statements.setJoined.run({ id, inboxIds: toJson([...turn.inboxIds, ...inboxIds]), label: toJson(label) });
        return entries;
      }, "ordered"),
    finish: (id, end) =>
      database.write(() => {
        const turn = runningTurn(id);
        const place = { id, session_key: turn.sessionKey };
        const outcome = end.outcome === undefined ? null : seals.seal(turnPlace("outcome", place), toJson(end.outcome));
        const error = end.error === undefined ? null : seals.seal(turnPlace("error", place), end.error);
        statements.setEnded.run({ id, status: end.status, error, outcome, now: clock.now() });
        messages.end(id, end.status === "failed" ? "failed" : "done", end.error ?? null);
        lane.release(turn.sessionKey);
        for (const reply of end.replies) insertReply(reply, { ...turn, turnId: turn.id });
        ledger.add(end.closing?.usage ?? []);
        return journal.append(end.closing?.entries ?? []);
      }),
    find: (id) =>
      database.read(() => {
        const row = statements.findById.get({ id });
        return row === undefined ? undefined : toTurn(row, seals);
      }),
    restart: (id) =>
      database.write(() => {
        const turn = runningTurn(id);
        const label = joinLabels(turn.label, journal.labelOf(turn.windowId));
        statements.setRestarted.run({ id, label: toJson(label), epoch });
        lane.renew(turn.sessionKey);
        return runningTurn(id);
      }, "ordered"),
    running: () => database.read(() => statements.selectRunning.all().map((row) => toTurn(row, seals))),
  };
}

function turnColumns(turn: NewTurn) {
  return {
    id: turn.id,
    sessionKey: turn.sessionKey,
    windowId: turn.windowId,
    agentId: turn.agentId,
    principal: toJson(turn.principal),
    account: turn.principal.account,
    replyTo: toJson(turn.replyTo),
    inboxIds: toJson(turn.inboxIds),
  };
}

function prepare({ database }: Ground) {
  return {
    insert: database.query(`
    INSERT INTO turns (id, session_key, window_id, agent_id, status, principal, account, label, reply_to, inbox_ids,
                       attempts, epoch, started_at)
    VALUES (:id, :sessionKey, :windowId, :agentId, 'running', :principal, :account, :label, :replyTo, :inboxIds,
            1, :epoch, :now)`),
    countTurn: database.query("UPDATE windows SET turn_count = turn_count + 1 WHERE id = :windowId"),
    findById: database.query<Row>(`${select} WHERE id = :id`),
    selectRunning: database.query<Row>(`${select} WHERE status = 'running' ORDER BY position`),
    setJoined: database.query("UPDATE turns SET inbox_ids = :inboxIds, label = :label WHERE id = :id"),
    setRestarted: database.query(
      "UPDATE turns SET attempts = attempts + 1, label = :label, epoch = :epoch WHERE id = :id",
    ),
    setEnded: database.query(`
    UPDATE turns SET status = :status, error = :error, outcome = :outcome, ended_at = :now WHERE id = :id`),
  };
}

/** queued → taken → done or failed, for all messages of a turn. */
function createMessageMoves({ database, seals }: Ground) {
  const setTaken = database.query(
    "UPDATE inbox SET status = 'taken', turn_id = :turnId WHERE id = :id AND status = 'queued'",
  );
  const setEnded = database.query("UPDATE inbox SET status = :status, reason = NULL WHERE turn_id = :turnId");
  const selectOf = database.query<{ id: string }>("SELECT id FROM inbox WHERE turn_id = :turnId");
  const setReason = database.query("UPDATE inbox SET reason = :reason WHERE id = :id");
  return {
    take(turnId: string, ids: readonly string[]): void {
      for (const id of ids) {
        if (setTaken.run({ id, turnId }) !== 1)
          throw new LoricaError("conflict", `message ${id} is not waiting, so turn ${turnId} cannot take it`);
      }
    },
    end(turnId: string, status: "done" | "failed", reason: string | null): void {
      setEnded.run({ turnId, status });
      if (reason === null) return;
      for (const { id } of selectOf.all({ turnId }))
        setReason.run({ id, reason: seals.seal(inboxReasonPlace({ id }), reason) });
    },
  };
}

/** The database itself holds that a session runs one turn at a time. */
function createLane({ database, clock, epoch }: Ground) {
  const insert = database.query(`
    INSERT INTO lanes (session_key, turn_id, epoch, since) VALUES (:sessionKey, :turnId, :epoch, :now)
    ON CONFLICT (session_key) DO NOTHING`);
  const setEpoch = database.query("UPDATE lanes SET epoch = :epoch WHERE session_key = :sessionKey");
  const remove = database.query("DELETE FROM lanes WHERE session_key = :sessionKey");
  return {
    claim({ sessionKey, id }: NewTurn): void {
      if (insert.run({ sessionKey, turnId: id, epoch, now: clock.now() }) !== 1)
        throw new LoricaError("conflict", `session ${sessionKey} already runs a turn`);
    },
    renew(sessionKey: string): void {
      setEpoch.run({ sessionKey, epoch });
    },
    release(sessionKey: string): void {
      remove.run({ sessionKey });
    },
  };
}

function toTurn(row: Row, seals: Seals): Turn {
  const open = (column: "outcome" | "error"): string | undefined => {
    const sealed = row[column];
    return sealed === null ? undefined : seals.open(turnPlace(column, row), sealed);
  };
  const outcome = open("outcome");
  const error = open("error");
  const turn: Turn = {
    id: row.id,
    sessionKey: row.session_key,
    windowId: row.window_id,
    agentId: row.agent_id,
    status: row.status,
    principal: fromJson(row.principal),
    label: fromJson(row.label),
    replyTo: fromJson(row.reply_to),
    inboxIds: fromJson(row.inbox_ids),
    attempts: row.attempts,
    startedAt: row.started_at,
    endedAt: orUndefined(row.ended_at),
    error: row.error === null ? undefined : (error ?? damagedText),
  };
  return outcome === undefined ? turn : { ...turn, outcome: fromJson<Json>(outcome) };
}
