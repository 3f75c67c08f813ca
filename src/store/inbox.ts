// Messages on their way in. A row is there before the sender is told so, and is never taken by two turns.
import type { Envelope, Overheard } from "../base/envelope.ts";
import { LoricaError } from "../base/errors.ts";
import { joinLabels } from "../base/label.ts";
import { createTakeOverheard } from "./channels/room.ts";
import type { Ground } from "./rows.ts";
import { damagedText, fromJson, orUndefined, toJson } from "./rows.ts";
import { envelopePlace, inboxReasonPlace } from "./seal/places.ts";
import type { Seals } from "./seal/seals.ts";
import type { Fate, Inbox, InboxRow, InboxStatus, Routed } from "./store.ts";

type Row = {
  readonly id: string;
  readonly channel: string;
  readonly account: string;
  readonly dedupe_key: string;
  readonly received_at: number;
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

const columns = `id, channel, account, dedupe_key, received_at, envelope, status, principal, label, agent_id,
  session_key, reply_to, turn_id, reason`;

/** What stands where a session was erased that the message belonged to. */
const erased = "";

export function createInbox(ground: Ground): Inbox {
  const { database, seals } = ground;
  const insert = createInboxInsert(ground);
  const takeOverheard = createTakeOverheard(ground);
  const findSame = database.query<Row>(
    `SELECT ${columns} FROM inbox WHERE channel = :channel AND account = :account AND dedupe_key = :dedupeKey`,
  );
  const findById = database.query<Row>(`SELECT ${columns} FROM inbox WHERE id = :id`);
  const setRouted = database.query(`
    UPDATE inbox SET status = 'queued', principal = :principal, label = :label, agent_id = :agentId,
                     session_key = :sessionKey, reply_to = :replyTo, envelope = :envelope
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
        if (known !== undefined) return { kind: "duplicate", row: toInboxRow(known, seals) };
        const heard = fate?.kind === "routed" && fate.room !== undefined ? takeOverheard(fate.room) : [];
        const stored: [Envelope, Fate | undefined] =
          fate?.kind === "routed" && heard.length > 0 ? withOverheard(envelope, fate, heard) : [envelope, fate];
        insert(...stored);
        return { kind: "stored", row: newRow(...stored) };
      }),
    route: (id, routed) =>
      database.write(() => {
        const row = findById.get({ id });
        // From now on it is the session's, and goes with the session's key.
        const opened = row && seals.open(envelopePlace(row), row.envelope);
        if (opened === undefined) throw new LoricaError("conflict", `message ${id} cannot be routed: it is not whole`);
        const envelope = seals.seal(envelopePlace({ id, session_key: routed.sessionKey }), opened);
        expectOne(setRouted.run({ id, envelope, ...routedColumns(routed) }), id, "routed");
      }),
    end: (id, status, reason) =>
      database.write(() => {
        const sealed = seals.seal(inboxReasonPlace({ id }), reason);
        expectOne(setEnded.run({ id, status, reason: sealed }), id, status);
      }),
    find: (id) =>
      database.read(() => {
        const row = findById.get({ id });
        return row === undefined ? undefined : toInboxRow(row, seals);
      }),
    // One that is damaged waits for nobody: there is nothing to answer, and it is listed with the rest of the damage.
    unfinished: () =>
      database.read(() =>
        selectUnfinished
          .all()
          .filter((row) => openEnvelope(row, seals) !== undefined)
          .map((row) => toInboxRow(row, seals)),
      ),
  };
}

/** What was just stored, as it would be read back. */
function newRow(envelope: Envelope, fate: Fate | undefined): InboxRow {
  const { status, reason } = fateColumns(fate);
  const routed = fate?.kind === "routed" ? fromJson<Routed>(toJson(fate.routed)) : undefined;
  return {
    envelope: fromJson(toJson(envelope)),
    status,
    routed,
    turnId: undefined,
    reason: orUndefined(reason),
  };
}

/** Inside a transaction; false where the message is known. */
export function createInboxInsert({
  database,
  epoch,
  seals,
}: Ground): (envelope: Envelope, fate: Fate | undefined) => boolean {
  const insert = database.query(`
    INSERT INTO inbox (id, channel, account, dedupe_key, envelope, status, principal, label, agent_id, session_key,
                       reply_to, reason, epoch, received_at)
    VALUES (:id, :channel, :account, :dedupeKey, :envelope, :status, :principal, :label, :agentId, :sessionKey,
            :replyTo, :reason, :epoch, :receivedAt)
    ON CONFLICT (channel, account, dedupe_key) DO NOTHING`);
  return (envelope, fate) => {
    const { id, receivedAt } = envelope;
    const fated = fateColumns(fate);
    return (
      insert.run({
        id,
        ...sameness(envelope),
        ...fated,
        envelope: seals.seal(envelopePlace({ id, session_key: fated.sessionKey }), toJson(envelope)),
        reason: fated.reason === null ? null : seals.seal(inboxReasonPlace({ id }), fated.reason),
        epoch,
        receivedAt,
      }) === 1
    );
  };
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
  if (fate === undefined) return { ...undecided, status: "received", reason: null } as const;
  if (fate.kind === "dropped") return { ...undecided, status: "dropped", reason: fate.reason } as const;
  return { ...routedColumns(fate.routed), status: "queued", reason: null } as const;
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

function openEnvelope(row: Row, seals: Seals): string | undefined {
  return row.envelope === erased ? undefined : seals.open(envelopePlace(row), row.envelope);
}

function toInboxRow(row: Row, seals: Seals): InboxRow {
  const envelope = openEnvelope(row, seals);
  const { reason } = row;
  return {
    envelope: envelope === undefined ? emptyEnvelope(row) : fromJson(envelope),
    status: row.status,
    routed: toRouted(row),
    turnId: orUndefined(row.turn_id),
    reason: reason === null ? undefined : (seals.open(inboxReasonPlace(row), reason) ?? damagedText),
  };
}

/** Of a message that was erased or damaged only this is left: that it came, and from where. */
function emptyEnvelope({ id, channel, account, dedupe_key: dedupeKey, received_at: receivedAt }: Row): Envelope {
  const nobody = { id: "", name: "" };
  const chat = { kind: "direct", id: "" } as const;
  return { id, channel, account, dedupeKey, receivedAt, chat, sender: nobody, text: "", media: [], request: {} };
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
