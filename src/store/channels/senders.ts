// People who write over channels: their requests, and those that the owner has let in.
import type { Ground } from "../rows.ts";
import { damagedText, fromJson, orUndefined, toJson } from "../rows.ts";
import { approvalNamePlace, requestNamePlace } from "../seal/places.ts";
import type { Seals } from "../seal/seals.ts";
import { createOutboxInsert } from "../outbox.ts";
import type { CodeHash, SenderApproval, SenderPlace, SenderRequest, SenderRole, SenderStore } from "./port.ts";

type RequestRow = {
  readonly id: string;
  readonly channel: string;
  readonly account: string;
  readonly sender_id: string;
  readonly sender_name: string;
  readonly reply_to: string;
  readonly code: string | null;
  readonly created_at: number;
  readonly last_seen_at: number;
  readonly expires_at: number;
};

type ApprovalRow = {
  readonly channel: string;
  readonly account: string;
  readonly sender_id: string;
  readonly sender_name: string;
  readonly role: SenderRole;
  readonly approved_by: string;
  readonly approved_at: number;
  readonly last_seen_at: number | null;
};

const requestColumns =
  "id, channel, account, sender_id, sender_name, reply_to, code, created_at, last_seen_at, expires_at";
const approvalColumns = "channel, account, sender_id, sender_name, role, approved_by, approved_at, last_seen_at";
const atPlace = "channel = :channel AND account = :account AND sender_id = :senderId";

export function createSenders(ground: Ground): SenderStore {
  const { database, clock, seals } = ground;
  const statements = prepare(ground);
  const insertReply = createOutboxInsert(ground);
  return {
    request: (request, pendingMax) =>
      database.write(() => {
        statements.deleteExpired.run({ now: clock.now() });
        const place = placeOf(request);
        if (statements.setSeenRequest.run({ ...place, now: clock.now() }) === 1) return "waiting";
        const { channel, account } = place;
        if ((statements.countPending.get({ channel, account })?.count ?? 0) >= pendingMax) return "full";
        insertRequest(statements, request, ground);
        insertReply(replyDraft(request), {
          turnId: null,
          sessionKey: "",
          agentId: "",
          principal: { id: `${channel}:${account}:${place.senderId}`, kind: "stranger", account },
        });
        return "stored";
      }),
    requests: () => database.read(() => toRequests(statements.selectRequests.all({ now: clock.now() }), seals)),
    setCode: (id, code) => database.write(() => statements.setCode.run({ id, code: toJson(code) }) === 1),
    dismiss: (id) => database.write(() => statements.deleteRequest.run({ id }) === 1),
    approve: (id, role, approvedBy) =>
      database.write(() => {
        const row = statements.findRequest.get({ id, now: clock.now() });
        if (row === undefined) return undefined;
        statements.deleteRequest.run({ id });
        const { channel, account, sender_id: senderId } = row;
        const place = { channel, account, senderId };
        const now = clock.now();
        statements.insertApproval.run({
          ...place,
          senderName: seals.seal(approvalNamePlace(row), requestName(row, seals)),
          role,
          approvedBy,
          epoch: ground.epoch,
          now,
        });
        const approved = statements.findApproval.get(place);
        return approved === undefined ? undefined : toApproval(approved, seals);
      }),
    approvals: () => database.read(() => statements.selectApprovals.all().map((row) => toApproval(row, seals))),
    revoke: (place) => database.write(() => statements.deleteApproval.run(placeOf(place)) === 1),
    seen: async (place) => {
      await database.write(() => statements.setSeen.run({ ...placeOf(place), now: clock.now() }), "ordered");
    },
  };
}

function prepare({ database }: Ground) {
  return {
    deleteExpired: database.query("DELETE FROM sender_requests WHERE expires_at <= :now"),
    setSeenRequest: database.query(`UPDATE sender_requests SET last_seen_at = :now WHERE ${atPlace}`),
    countPending: database.query<{ count: number }>(
      "SELECT count(*) AS count FROM sender_requests WHERE channel = :channel AND account = :account",
    ),
    insertRequest: database.query(`
      INSERT INTO sender_requests (id, channel, account, sender_id, sender_name, reply_to, epoch, created_at,
                                   last_seen_at, expires_at)
      VALUES (:id, :channel, :account, :senderId, :senderName, :replyTo, :epoch, :createdAt, :lastSeenAt, :expiresAt)`),
    selectRequests: database.query<RequestRow>(
      `SELECT ${requestColumns} FROM sender_requests WHERE expires_at > :now ORDER BY created_at, id`,
    ),
    findRequest: database.query<RequestRow>(
      `SELECT ${requestColumns} FROM sender_requests WHERE id = :id AND expires_at > :now`,
    ),
    setCode: database.query("UPDATE sender_requests SET code = :code WHERE id = :id"),
    deleteRequest: database.query("DELETE FROM sender_requests WHERE id = :id"),
    insertApproval: database.query(`
      INSERT INTO sender_approvals (channel, account, sender_id, sender_name, role, approved_by, epoch, approved_at)
      VALUES (:channel, :account, :senderId, :senderName, :role, :approvedBy, :epoch, :now)
      ON CONFLICT (channel, account, sender_id) DO UPDATE SET role = :role, approved_by = :approvedBy, approved_at = :now`),
    findApproval: database.query<ApprovalRow>(`SELECT ${approvalColumns} FROM sender_approvals WHERE ${atPlace}`),
    selectApprovals: database.query<ApprovalRow>(
      `SELECT ${approvalColumns} FROM sender_approvals ORDER BY approved_at, channel, account, sender_id`,
    ),
    deleteApproval: database.query(`DELETE FROM sender_approvals WHERE ${atPlace}`),
    setSeen: database.query(`UPDATE sender_approvals SET last_seen_at = :now WHERE ${atPlace}`),
  };
}

function insertRequest(
  { insertRequest: insert }: ReturnType<typeof prepare>,
  request: Omit<SenderRequest, "code">,
  { seals, epoch }: Ground,
): void {
  const { id, senderName, replyTo, createdAt, lastSeenAt, expiresAt } = request;
  insert.run({
    ...placeOf(request),
    id,
    senderName: seals.seal(requestNamePlace({ id }), senderName),
    replyTo: toJson(replyTo),
    epoch,
    createdAt,
    lastSeenAt,
    expiresAt,
  });
}

/** Its text is made when it leaves: a code that nobody has yet is not to be found in any file. */
function replyDraft({ id, replyTo, channel, account, senderId }: Omit<SenderRequest, "code">) {
  const label = { integrity: "owner", readers: [`${channel}:${account}:${senderId}`] } as const;
  return { id, to: replyTo, text: "", media: [], label };
}

function placeOf({ channel, account, senderId }: SenderPlace) {
  return { channel, account, senderId };
}

function requestName(row: RequestRow, seals: Seals): string {
  return seals.open(requestNamePlace(row), row.sender_name) ?? damagedText;
}

function toRequests(rows: readonly RequestRow[], seals: Seals): readonly SenderRequest[] {
  return rows.map((row) => toRequest(row, seals));
}

function toRequest(row: RequestRow, seals: Seals): SenderRequest {
  return {
    id: row.id,
    channel: row.channel,
    account: row.account,
    senderId: row.sender_id,
    senderName: requestName(row, seals),
    replyTo: fromJson(row.reply_to),
    code: row.code === null ? undefined : fromJson<CodeHash>(row.code),
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    expiresAt: row.expires_at,
  };
}

function toApproval(row: ApprovalRow, seals: Seals): SenderApproval {
  return {
    channel: row.channel,
    account: row.account,
    senderId: row.sender_id,
    senderName: seals.open(approvalNamePlace(row), row.sender_name) ?? damagedText,
    role: row.role,
    approvedBy: row.approved_by,
    approvedAt: row.approved_at,
    lastSeenAt: orUndefined(row.last_seen_at),
  };
}
