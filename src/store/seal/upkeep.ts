// What whoever looks after the database asks of it: what is damaged, a whole copy of it while it is in use, its head.
import { backup, DatabaseSync } from "node:sqlite";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { setImmediate as breathe } from "node:timers/promises";
import { join } from "node:path";
import { limits } from "../../base/limits.ts";
import type { Database } from "../database.ts";
import { batchSql, sealedColumns } from "./columns.ts";
import type { RawRow } from "./columns.ts";
import { sealedEnding } from "./files.ts";
import { findPlainDamage } from "./plain.ts";
import type { Head, Upkeep } from "./port.ts";
import type { Seals } from "./seals.ts";

export function createUpkeep(options: {
  readonly database: Database;
  readonly seals: Seals;
  readonly head: () => Head;
  readonly mediaDir: string;
  /** Says of a file's name and content whether they belong together. */
  readonly isWhole: (name: string, bytes: Uint8Array) => boolean;
}): Upkeep {
  const { database, seals, head, mediaDir, isWhole } = options;
  return {
    damage: seals.damage.all,
    async check(signal) {
      checkKeys(database, seals);
      for (const damage of await database.read(() => [...findPlainDamage(database)])) seals.damage.add(damage);
      for (const column of sealedColumns) {
        const select = database.query<RawRow>(batchSql(column));
        for (let after: number | undefined = 0; after !== undefined;) {
          const from: number = after;
          const rows = await database.read(() => select.all({ after: from, limit: limits.sealBatchRows }));
          for (const row of rows) seals.open(column.place(row), String(row[column.column]));
          const last = rows.at(-1)?.["position"];
          after = typeof last === "number" ? last : undefined;
          signal.throwIfAborted();
          await breathe();
        }
      }
      for (const name of await readdir(mediaDir)) {
        signal.throwIfAborted();
        if (name.endsWith(sealedEnding) && !isWhole(name, await readFile(join(mediaDir, name))))
          seals.damage.add({ what: `the file ${name}` });
      }
      return seals.damage.all();
    },
    async snapshot(path) {
      // A connection of its own: the copy is one moment of the database, whatever is written meanwhile.
      await writeFile(path, "", { flag: "wx", mode: 0o600 });
      const source = new DatabaseSync(database.path, { readOnly: true });
      try {
        await backup(source, path, { rate: limits.snapshotPages });
      } finally {
        source.close();
      }
      return readHead(path);
    },
    head,
  };
}

function checkKeys(database: Database, { keys }: Seals): void {
  for (const row of database.query<{ session_key: string }>("SELECT session_key FROM session_keys").all())
    keys.find(row.session_key);
}

/** What the copy itself says: the moment that it shows, which may be a few writes ago. It becomes one file, without a log. */
function readHead(path: string): Head {
  const copy = new DatabaseSync(path);
  try {
    copy.exec("PRAGMA journal_mode = DELETE");
    const row = copy.prepare("SELECT lineage, writes FROM head").get();
    return { lineage: String(row?.["lineage"]), writes: Number(row?.["writes"]) };
  } finally {
    copy.close();
  }
}
