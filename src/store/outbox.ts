// Replies on their way out. A reply is here before it is sent, and nobody sends what somebody else already took.
import type { ReplyAddress } from "../base/envelope.ts";
import { LoricaError } from "../base/errors.ts";
import type { Ground } from "./rows.ts";
import { damagedText, fromJson, isJson, orUndefined, toJson } from "./rows.ts";
import { replyPlace, replyReasonPlace } from "./seal/places.ts";
import type { Seals } from "./seal/seals.ts";
import type { Outbox, OutboxDraft, OutboxRow, OutboxStatus, Turn } from "./store.ts";

type Row = {
  readonly id: string;
  readonly turn_id: string | null;
  readonly session_key: string;
  readonly agent_id: string;
  readonly principal: string;
  readonly reply_to: string;
  readonly text: string;
  readonly media: string;
  readonly label: string;
  readonly status: OutboxStatus;
  readonly attempts: number;
  readonly next_attempt_at: number;
  readonly receipt: string | null;
  readonly reason: string | null;
  readonly hold: string | null;
  readonly created_at: number;
};

const select = `
  SELECT id, turn_id, session_key, agent_id, principal, reply_to, text, media, label, status, attempts,
         next_attempt_at, receipt, reason, hold, created_at
  FROM outbox`;

/** What stands where there is nothing to seal: a text that is empty or was erased, and no files. */
const erased = "";
const noMedia = "[]";

export function createOutbox(ground: Ground): Outbox {
  const { database, seals } = ground;
  const toRow = (row: Row): OutboxRow => toOutboxRow(row, seals);
  const sealReason = (id: string, reason: string): string => seals.seal(replyReasonPlace({ id }), reason);
  const insert = createOutboxInsert(ground);
  const { selectDue, selectNextAt, selectOfTurn, selectOne, selectInterrupted, selectAll, selectByStatus } =
    prepare(ground);
  const { setTaken, setSent, setRetry, setPostponed, setEnded } = prepareMoves(ground);
  return {
    async due(now, limit) {
      const rows = await database.read(() => selectDue.all({ now, limit }));
      const [whole, damaged] = partition(rows, (row) => isWhole(row, seals));
      // Nobody can send what nobody can read, and it must not stand in the way of what can be.
      if (damaged.length > 0)
        await database.write(() => {
          for (const { id } of damaged) setEnded.run({ id, status: "failed", reason: sealReason(id, damagedText) });
        });
      return whole.map(toRow);
    },
    nextAt: () => database.read(() => selectNextAt.get({})?.at ?? undefined),
    ofTurn: (turnId) => database.read(() => selectOfTurn.all({ turnId }).map(toRow)),
    find: (id) =>
      database.read(() => {
        const row = selectOne.get({ id });
        return row === undefined ? undefined : toRow(row);
      }),
    order: (drafts, of) =>
      database.write(() => {
        const [first] = drafts;
        if (first === undefined) return "known";
        const known = selectOne.get({ id: first.id });
        if (known !== undefined) {
          const isSame = known.text === erased || textOf(known, seals) === first.text;
          return isSame && known.reply_to === toJson(first.to) ? "known" : "different";
        }
        for (const draft of drafts) insert(draft, of);
        return "stored";
      }),
    take: (id) => database.write(() => setTaken.run({ id }) === 1),
    sent: (id, receipt) => database.write(() => expectOne(setSent.run({ id, receipt }), id, "sent")),
    retry: (id, reason, nextAttemptAt) =>
      database.write(() =>
        expectOne(setRetry.run({ id, reason: sealReason(id, reason), nextAttemptAt }), id, "tried again"),
      ),
    end: (id, status, reason) =>
      database.write(() => expectOne(setEnded.run({ id, status, reason: sealReason(id, reason) }), id, status)),
    postpone: async (id, until, reason) => {
      await database.write(() => setPostponed.run({ id, until, reason: sealReason(id, reason) }), "ordered");
    },
    ...createHoldMoves(ground, { toRow, sealReason }),
    interrupted: () => database.read(() => selectInterrupted.all().map(toRow)),
    list: ({ status, limit }) =>
      database.read(() => {
        const rows = status === undefined ? selectAll.all({ limit }) : selectByStatus.all({ status, limit });
        return rows.map(toRow);
      }),
  };
}

function prepare({ database }: Ground) {
  return {
    // A row waits while an older one to the same address is still open: people read replies in the order of writing.
    selectDue: database.query<Row>(`
    ${select} WHERE status = 'pending' AND next_attempt_at <= :now AND NOT EXISTS (
      SELECT 1 FROM outbox earlier WHERE earlier.address = outbox.address AND earlier.position < outbox.position
        AND earlier.status IN ('pending', 'sending'))
    ORDER BY next_attempt_at, position LIMIT :limit`),
    selectNextAt: database.query<{ at: number | null }>(`
    SELECT min(next_attempt_at) AS at FROM outbox WHERE status = 'pending' AND NOT EXISTS (
      SELECT 1 FROM outbox earlier WHERE earlier.address = outbox.address AND earlier.position < outbox.position
        AND earlier.status IN ('pending', 'sending'))`),
    selectOfTurn: database.query<Row>(`${select} WHERE turn_id = :turnId ORDER BY position`),
    selectOne: database.query<Row>(`${select} WHERE id = :id`),
    selectInterrupted: database.query<Row>(`${select} WHERE status = 'sending' ORDER BY position`),
    selectAll: database.query<Row>(`${select} ORDER BY position DESC LIMIT :limit`),
    selectByStatus: database.query<Row>(`${select} WHERE status = :status ORDER BY position DESC LIMIT :limit`),
  };
}

function prepareMoves({ database }: Ground) {
  return {
    setTaken: database.query(
      "UPDATE outbox SET status = 'sending', attempts = attempts + 1 WHERE id = :id AND status = 'pending'",
    ),
    setSent: database.query(
      "UPDATE outbox SET status = 'sent', receipt = :receipt, reason = NULL WHERE id = :id AND status = 'sending'",
    ),
    setRetry: database.query(`
    UPDATE outbox SET status = 'pending', reason = :reason, next_attempt_at = :nextAttemptAt
    WHERE id = :id AND status = 'sending'`),
    setPostponed: database.query(
      "UPDATE outbox SET next_attempt_at = :until, reason = :reason WHERE id = :id AND status = 'pending'",
    ),
    setEnded: database.query(
      "UPDATE outbox SET status = :status, reason = :reason WHERE id = :id AND status IN ('pending', 'sending')",
    ),
  };
}

/** What the owner's word does to what waited for it. */
function createHoldMoves(
  { database, clock }: Ground,
  rows: { readonly toRow: (row: Row) => OutboxRow; readonly sealReason: (id: string, reason: string) => string },
): Pick<Outbox, "decide" | "ofHold"> {
  const { toRow, sealReason } = rows;
  const selectOfHold = database.query<Row>(`${select} WHERE hold = :hold ORDER BY position`);
  const setReleased = database.query(
    "UPDATE outbox SET status = 'pending', reason = NULL, next_attempt_at = :now WHERE hold = :hold AND status = 'held'",
  );
  // Nobody will read it any more, so nothing of it is kept.
  const setRefused = database.query(`
    UPDATE outbox SET status = 'failed', reason = :reason, text = '${erased}', media = '${noMedia}'
    WHERE id = :id AND status = 'held'`);
  return {
    decide: (hold, word) =>
      database.write(() => {
        if (word.kind === "send") setReleased.run({ hold, now: clock.now() });
        else
          for (const { id } of selectOfHold.all({ hold })) setRefused.run({ id, reason: sealReason(id, word.reason) });
        return selectOfHold.all({ hold }).map(toRow);
      }),
    ofHold: (hold) => database.read(() => selectOfHold.all({ hold }).map(toRow)),
  };
}

/** Whose reply it is; without a turn where it answers nobody who began one. */
export type ReplyOrigin = Pick<Turn, "sessionKey" | "agentId" | "principal"> & { readonly turnId: string | null };

/** Writes a reply inside the transaction that ends its turn. */
export function createOutboxInsert({
  database,
  clock,
  epoch,
  seals,
}: Ground): (draft: OutboxDraft, of: ReplyOrigin) => void {
  const insert = database.query(`
    INSERT INTO outbox (id, turn_id, session_key, agent_id, principal, account, address, reply_to, text, media, label,
                        status, attempts, next_attempt_at, receipt, reason, hold, epoch, created_at)
    VALUES (:id, :turnId, :sessionKey, :agentId, :principal, :account, :address, :replyTo, :text, :media, :label,
            :status, :attempts, :now, :receipt, :reason, :hold, :epoch, :now)`);
  return (draft, turn) => {
    const { id } = draft;
    const place = { id, session_key: turn.sessionKey };
    const settled = settledColumns(draft);
    insert.run({
      id,
      turnId: turn.turnId,
      sessionKey: turn.sessionKey,
      agentId: turn.agentId,
      principal: toJson(turn.principal),
      account: draft.to.account,
      address: addressKey(draft.to),
      replyTo: toJson(draft.to),
      text: draft.text === "" ? erased : seals.seal(replyPlace("text", place), draft.text),
      media: draft.media.length === 0 ? noMedia : seals.seal(replyPlace("media", place), toJson(draft.media)),
      label: toJson(draft.label),
      ...settled,
      reason: settled.reason === null ? null : seals.seal(replyReasonPlace({ id }), settled.reason),
      hold: draft.settled?.status === "held" ? (draft.settled.hold ?? null) : null,
      epoch,
      now: clock.now(),
    });
  };
}

function settledColumns({ settled }: OutboxDraft) {
  if (settled === undefined) return { status: "pending", attempts: 0, receipt: null, reason: null };
  if (settled.status === "held") return { status: "held", attempts: 0, receipt: null, reason: settled.reason };
  return { status: "sent", attempts: 1, receipt: settled.receipt, reason: null };
}

/** What two replies must share to be read one after the other; which message they answer does not matter. */
function addressKey(to: ReplyAddress): string {
  return toJson([to.channel, to.account, to.recipient, to.thread ?? ""]);
}

function expectOne(changed: number, id: string, what: string): void {
  if (changed !== 1) throw new LoricaError("conflict", `reply ${id} cannot be ${what}: it is already further on`);
}

/** Undefined where it is damaged. */
function textOf(row: Row, seals: Seals): string | undefined {
  return row.text === erased ? "" : seals.open(replyPlace("text", row), row.text);
}

function mediaOf(row: Row, seals: Seals): OutboxRow["media"] | undefined {
  const media = row.media === noMedia ? noMedia : seals.open(replyPlace("media", row), row.media);
  return media === undefined ? undefined : fromJson(media);
}

function isWhole(row: Row, seals: Seals): boolean {
  const plain = [row.reply_to, row.label, row.principal];
  return plain.every(isJson) && textOf(row, seals) !== undefined && mediaOf(row, seals) !== undefined;
}

function toOutboxRow(row: Row, seals: Seals): OutboxRow {
  const { id, reason } = row;
  return {
    id,
    to: fromJson(row.reply_to),
    text: textOf(row, seals) ?? damagedText,
    media: mediaOf(row, seals) ?? [],
    label: fromJson(row.label),
    turnId: orUndefined(row.turn_id),
    sessionKey: row.session_key,
    agentId: row.agent_id,
    principal: fromJson(row.principal),
    status: row.status,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    receipt: orUndefined(row.receipt),
    reason: reason === null ? undefined : (seals.open(replyReasonPlace(row), reason) ?? damagedText),
    hold: orUndefined(row.hold),
    createdAt: row.created_at,
  };
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}
