// Damage in what is not sealed: how the file hangs together, and columns of JSON that the database has to read. No seal
// covers them, so what is found is what does not fit, and not each byte that is another one.
import type { Database } from "../database.ts";
import type { Damage } from "./port.ts";

type Plain = { readonly table: string; readonly key: string; readonly columns: readonly string[] };

const plainJson: readonly Plain[] = [
  { table: "inbox", key: "id", columns: ["principal", "label", "reply_to"] },
  { table: "sessions", key: "key", columns: ["principal"] },
  { table: "windows", key: "id", columns: ["label"] },
  { table: "turns", key: "id", columns: ["principal", "label", "reply_to", "inbox_ids"] },
  { table: "outbox", key: "id", columns: ["principal", "label", "reply_to"] },
  { table: "devices", key: "device_id", columns: ["about", "roles"] },
  { table: "device_tokens", key: "position", columns: ["scopes"] },
  { table: "device_requests", key: "id", columns: ["body"] },
  { table: "nodes", key: "node_id", columns: ["about", "commands", "caps"] },
  { table: "node_requests", key: "id", columns: ["about", "commands", "caps"] },
  { table: "sender_requests", key: "id", columns: ["reply_to"] },
];

/** A bounded number of each, so that a file that is full of damage can still be listed. */
const eachMax = 20;

export function* findPlainDamage(database: Database): Generator<Damage> {
  for (const { quick_check: what } of database.query<{ quick_check: string }>(`PRAGMA quick_check(${eachMax})`).all())
    if (what !== "ok") yield { what: `how the database hangs together: ${what.replaceAll(/\s+/g, " ")}` };
  for (const { table, key, columns } of plainJson)
    for (const column of columns) {
      const select = `SELECT ${key} AS id FROM ${table} WHERE NOT json_valid(${column}) LIMIT ${eachMax}`;
      for (const { id } of database.query<{ id: string | number }>(select).all())
        yield { what: `the ${column} of ${id} in ${table}` };
    }
}
