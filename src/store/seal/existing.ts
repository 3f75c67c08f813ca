// Seals a database that was plain, in place: row after row in small transactions that remember how far they got, so that
// a start which is killed is taken up by the next one. Then what was plain is overwritten wherever it may still lie.
import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { limits } from "../../base/limits.ts";
import type { Database } from "../database.ts";
import { batchSql, sealedColumns, updateSql } from "./columns.ts";
import type { RawRow, SealedColumn } from "./columns.ts";
import type { Seals } from "./seals.ts";

/** After the columns come the files, then the scrubbing, and then nothing. */
const filesStep = sealedColumns.length;
const done = filesStep + 1;

type Progress = { readonly sealing_step: number; readonly sealing_row: number };

/** Answers whether there was anything to seal. `sealFiles` seals what lies in the media folder. */
export async function sealExisting(
  { database, seals }: { readonly database: Database; readonly seals: Seals },
  sealFiles: () => Promise<void>,
): Promise<boolean> {
  const select = database.query<Progress>("SELECT sealing_step, sealing_row FROM head WHERE id = 1");
  const save = database.query("UPDATE head SET sealing_step = :step, sealing_row = :row WHERE id = 1");
  const first = select.get()?.sealing_step ?? 0;
  if (first >= done) return false;
  const starts = database.query<{ value: number }>("SELECT value FROM meta WHERE key = 'epoch'").get()?.value;
  if (starts === 0) {
    // Nobody ever used it.
    await database.write(() => save.run({ step: done, row: 0 }));
    return false;
  }
  for (const [step, column] of sealedColumns.entries()) {
    if (step < first) continue;
    let after = step === first ? (select.get()?.sealing_row ?? 0) : 0;
    const walk = createWalk(database, column, (row, value) => seals.seal(column.place(row), value));
    for (let isLast = false; !isLast;) {
      isLast = await database.write(() => {
        const last = walk(after);
        after = last ?? 0;
        save.run(last === undefined ? { step: step + 1, row: 0 } : { step, row: last });
        return last === undefined;
      }, "ordered");
    }
  }
  await sealFiles();
  scrub(database);
  await database.write(() => save.run({ step: done, row: 0 }));
  return true;
}

/** Inside a write, for the version before: everything is plain again. */
export function openAll(database: Database, seals: Seals): void {
  for (const column of sealedColumns) {
    const walk = createWalk(database, column, (row, value) => seals.open(column.place(row), value) ?? value);
    for (let after: number | undefined = 0; after !== undefined;) after = walk(after);
  }
}

/** Recodes one batch inside a write, and answers the last row number of it; undefined after the last one. */
function createWalk(
  database: Database,
  column: SealedColumn,
  recode: (row: RawRow, value: string) => string,
): (after: number) => number | undefined {
  const select = database.query<RawRow>(batchSql(column));
  const update = database.query(updateSql(column));
  return (after) => {
    const rows = select.all({ after, limit: limits.sealBatchRows });
    for (const row of rows) {
      const key = Object.fromEntries(column.key.map((name) => [name, row[name] ?? null]));
      update.run({ ...key, value: recode(row, String(row[column.column])) });
    }
    const last = rows.at(-1)?.["position"];
    return typeof last === "number" ? last : undefined;
  };
}

/** Freed pages, the log of changes and the copies that older versions made before they changed something. */
function scrub(database: Database): void {
  database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  database.execute("VACUUM");
  database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  const folder = dirname(database.path);
  for (const name of readdirSync(folder))
    if (name.startsWith(`${basename(database.path)}.before-`)) rmSync(join(folder, name), { force: true });
}
