// Messages on their way in. A row is there before the sender is told so, and is never taken by two turns.
import type { Envelope, Overheard } from "../base/envelope.ts";
import { LoricaError } from "../base/errors.ts";
import { joinLabels } from "../base/label.ts";
import { createTakeOverheard } from "./channels/room.ts";
import type { Ground } from "./rows.ts";
import { fromJson, orUndefined, toJson } from "./rows.ts";
import type { Fate, Inbox, InboxRow, InboxStatus, Routed } from "./store.ts";

type Row = {
  readonly envelope: string;
  readonly status: InboxStatus;
  readonly principal: string | null;
  readonly label: string | null;
  readonly agent_id: string | null;
  readonly session_key: string | null;
  readonly reply_to: string | null;
  readonly turn_id: string | null;
  readonly reason: string | null;
};

const columns = "envelope, status, principal, label, agent_id, session_key, reply_to, turn_id, reason";

export function createInbox(ground: Ground): Inbox {
  const { database } = ground;
  const insert = createInboxInsert(ground);
  const takeOverheard = createTakeOverheard(ground);
  const findSame = database.query<Row>(
    `SELECT ${columns} FROM inbox WHERE channel = :channel AND account = :account AND dedupe_key = :dedupeKey`,
  );
  const findById = database.query<Row>(`SELECT ${columns} FROM inbox WHERE id = :id`);
  const setRouted = database.query(`
    UPDATE inbox SET status = 'queued', principal = :principal, label = :label, agent_id = :agentId,
                     session_key = :sessionKey, reply_to = :replyTo
    WHERE id = :id AND status = 'received'`);
  const setEnded = database.query(
    "UPDATE inbox SET status = :status, reason = :reason WHERE id = :id AND status IN ('received', 'queued')",
  );
  const selectUnfinished = database.query<Row>(
    `SELECT ${columns} FROM inbox WHERE status IN ('received', 'queued') ORDER BY position`,
  );
  return {
    accept: (envelope, fate) =>
      database.write(() => {
        const known = findSame.get(sameness(envelope));
        if (known !== undefined) return { kind: "duplicate", row: toInboxRow(known) };
        const heard = fate?.kind === "routed" && fate.room !== undefined ? takeOverheard(fate.room) : [];
        if (fate?.kind === "routed" && heard.length > 0) insert(...withOverheard(envelope, fate, heard));
        else insert(envelope, fate);
        const row = findSame.get(sameness(envelope));
        if (row === undefined) throw new LoricaError("internal", "an accepted message is not in the inbox");
        return { kind: "stored", row: toInboxRow(row) };
      }),
    route: (id, routed) =>
      database.write(() => expectOne(setRouted.run({ id, ...routedColumns(routed) }), id, "routed")),
    end: (id, status, reason) => database.write(() => expectOne(setEnded.run({ id, status, reason }), id, status)),
    find: (id) =>
      database.read(() => {
        const row = findById.get({ id });
        return row === undefined ? undefined : toInboxRow(row);
      }),
    unfinished: () => database.read(() => selectUnfinished.all().map(toInboxRow)),
  };
}

/** Inside a transaction; false where the message is known. */
export function createInboxInsert({
  database,
  epoch,
}: Ground): (envelope: Envelope, fate: Fate | undefined) => boolean {
  const insert = database.query(`
    INSERT INTO inbox (id, channel, account, dedupe_key, envelope, status, principal, label, agent_id, session_key,
                       reply_to, reason, epoch, received_at)
    VALUES (:id, :channel, :account, :dedupeKey, :envelope, :status, :principal, :label, :agentId, :sessionKey,
            :replyTo, :reason, :epoch, :receivedAt)
    ON CONFLICT (channel, account, dedupe_key) DO NOTHING`);
  return (envelope, fate) =>
    insert.run({
      id: envelope.id,
      ...sameness(envelope),
      envelope: toJson(envelope),
      ...fateColumns(fate),
      epoch,
      receivedAt: envelope.receivedAt,
    }) === 1;
}

/** Other people's words come with it, so it is no longer only its sender's. */
function withOverheard(
  envelope: Envelope,
  { kind, routed }: Extract<Fate, { kind: "routed" }>,
  overheard: readonly Overheard[],
): [Envelope, Fate] {
  const label = joinLabels(routed.label, { integrity: "untrusted", readers: routed.label.readers });
  return [
    { ...envelope, overheard },
    { kind, routed: { ...routed, label } },
  ];
}

function sameness(envelope: Envelope) {
  return { channel: envelope.channel, account: envelope.account, dedupeKey: envelope.dedupeKey };
}

function fateColumns(fate: Fate | undefined) {
  const undecided = { principal: null, label: null, agentId: null, sessionKey: null, replyTo: null };
  if (fate === undefined) return { ...undecided, status: "received", reason: null };
  if (fate.kind === "dropped") return { ...undecided, status: "dropped", reason: fate.reason };
  return { ...routedColumns(fate.routed), status: "queued", reason: null };
}

function routedColumns(routed: Routed) {
  return {
    principal: toJson(routed.principal),
    label: toJson(routed.label),
    agentId: routed.agentId,
    sessionKey: routed.sessionKey,
    replyTo: toJson(routed.replyTo),
  };
}

function expectOne(changed: number, id: string, what: string): void {
  if (changed !== 1) throw new LoricaError("conflict", `message ${id} cannot be ${what}: it is already further on`);
}

function toInboxRow(row: Row): InboxRow {
  return {
    envelope: fromJson(row.envelope),
    status: row.status,
    routed: toRouted(row),
    turnId: orUndefined(row.turn_id),
    reason: orUndefined(row.reason),
  };
}

function toRouted(row: Row): Routed | undefined {
  const { principal, label, agent_id: agentId, session_key: sessionKey, reply_to: replyTo } = row;
  if (principal === null || label === null || agentId === null || sessionKey === null || replyTo === null)
    return undefined;
  return {
    principal: fromJson(principal),
    label: fromJson(label),
    agentId,
    sessionKey,
    replyTo: fromJson(replyTo),
  };
}
