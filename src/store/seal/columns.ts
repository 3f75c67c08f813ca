// Every sealed column of the database, and how its rows are found one after the other. Sealing what was plain, opening it
// again for the version before, and looking for damage all walk this list.
import type { SQLOutputValue } from "node:sqlite";
import {
  approvalNamePlace,
  channelStatePlace,
  envelopePlace,
  inboxReasonPlace,
  mediaNamePlace,
  overheardPlace,
  replyPlace,
  replyReasonPlace,
  requestNamePlace,
  stepPlace,
  titlePlace,
  turnPlace,
} from "./places.ts";
import type { Place } from "./places.ts";

export type RawRow = Readonly<Record<string, SQLOutputValue>>;

export type SealedColumn = {
  readonly table: string;
  readonly column: string;
  /** What a row is found by. Tables without a row number are small, and are walked in one go. */
  readonly key: readonly string[];
  /** What `place` reads besides. */
  readonly from: string;
  readonly place: (row: RawRow) => Place;
  /** What stands for nothing, and is never sealed. */
  readonly blank?: string;
};

/** The rows are the database's own, with the columns that `from` names. */
const of =
  <T>(place: (row: T) => Place) =>
  (row: RawRow): Place =>
    place(row as unknown as T);

// Numbered: a walk that was interrupted goes on where it was. New ones go to the end.
export const sealedColumns: readonly SealedColumn[] = [
  {
    table: "steps",
    column: "body",
    key: ["position"],
    from: "(SELECT s.*, w.session_key FROM steps s JOIN windows w ON w.id = s.window_id)",
    place: of(stepPlace),
  },
  { table: "inbox", column: "envelope", key: ["position"], from: "inbox", place: of(envelopePlace), blank: "" },
  { table: "inbox", column: "reason", key: ["position"], from: "inbox", place: of(inboxReasonPlace) },
  {
    table: "outbox",
    column: "text",
    key: ["position"],
    from: "outbox",
    place: of((row: Parameters<typeof replyPlace>[1]) => replyPlace("text", row)),
    blank: "",
  },
  {
    table: "outbox",
    column: "media",
    key: ["position"],
    from: "outbox",
    place: of((row: Parameters<typeof replyPlace>[1]) => replyPlace("media", row)),
    blank: "[]",
  },
  { table: "outbox", column: "reason", key: ["position"], from: "outbox", place: of(replyReasonPlace) },
  {
    table: "turns",
    column: "outcome",
    key: ["position"],
    from: "turns",
    place: of((row: Parameters<typeof turnPlace>[1]) => turnPlace("outcome", row)),
  },
  {
    table: "turns",
    column: "error",
    key: ["position"],
    from: "turns",
    place: of((row: Parameters<typeof turnPlace>[1]) => turnPlace("error", row)),
  },
  { table: "sessions", column: "title", key: ["key"], from: "sessions", place: of(titlePlace) },
  {
    table: "channel_state",
    column: "value",
    key: ["channel", "account", "key"],
    from: "channel_state",
    place: of(channelStatePlace),
  },
  {
    table: "overheard",
    column: "sender",
    key: ["position"],
    from: "overheard",
    place: of((row: Parameters<typeof overheardPlace>[1]) => overheardPlace("sender", row)),
  },
  {
    table: "overheard",
    column: "text",
    key: ["position"],
    from: "overheard",
    place: of((row: Parameters<typeof overheardPlace>[1]) => overheardPlace("text", row)),
  },
  {
    table: "sender_requests",
    column: "sender_name",
    key: ["id"],
    from: "sender_requests",
    place: of(requestNamePlace),
  },
  {
    table: "sender_approvals",
    column: "sender_name",
    key: ["channel", "account", "sender_id"],
    from: "sender_approvals",
    place: of(approvalNamePlace),
  },
  { table: "media", column: "name", key: ["id"], from: "media", place: of(mediaNamePlace) },
];

export type Batch = { readonly rows: readonly RawRow[]; readonly last: number };

/** Rows of a column that have something in it, after `after`; all of them where the table has no row numbers. */
export function batchSql({ from, column, key, blank }: SealedColumn): string {
  const numbered = key[0] === "position" ? "position > :after AND" : ":after = :after AND";
  const filled = blank === undefined ? `${column} IS NOT NULL` : `${column} <> '${blank}'`;
  const order = key[0] === "position" ? "ORDER BY position LIMIT :limit" : "LIMIT -1 + 0 * :limit";
  return `SELECT * FROM ${from} WHERE ${numbered} ${filled} ${order}`;
}

export function updateSql({ table, column, key }: SealedColumn): string {
  return `UPDATE ${table} SET ${column} = :value WHERE ${key.map((name) => `"${name}" = :${name}`).join(" AND ")}`;
}
