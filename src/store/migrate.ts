// Brings a database file to a version, up or back by one, and never without a copy of what was there before.
import { chmodSync, closeSync, existsSync, openSync, rmSync, statSync, statfsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { systemClock } from "../base/clock.ts";
import { LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { openDatabase } from "./database.ts";
import type { Database } from "./database.ts";
import { migrations as released } from "./migrations.ts";
import type { Migration } from "./migrations.ts";
import { openAll } from "./seal/existing.ts";
import { createSeals } from "./seal/seals.ts";

/** Marks the file as ours in its header: "LORI". */
const applicationId = 0x4c_4f_52_49;

/** Opens the file, creating it where there is none, and leaves it at the newest version that `migrations` knows. */
export async function openMigrated(path: string, migrations: readonly Migration[] = released): Promise<Database> {
  createPrivately(path);
  const database = openDatabase(path, { readOnly: false });
  try {
    const version = checkOurs(database, migrations);
    const missing = migrations.filter((migration) => migration.version > version);
    if (missing.length > 0 && version > 0) preflight(database, version);
    for (const { up, version: next } of missing) await database.write(() => change(database, up, next));
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Takes the file back by one version, after copying it; answers the version it has now. The key opens what that version
 * knows as plain only; files of the media folder stay sealed.
 */
export async function migrateBack(
  path: string,
  key: Uint8Array,
  migrations: readonly Migration[] = released,
): Promise<number> {
  if (!existsSync(path)) throw new LoricaError("not_found", `there is no database at ${path}`);
  const database = openDatabase(path, { readOnly: false });
  try {
    const version = checkOurs(database, migrations);
    const newest = migrations.find((migration) => migration.version === version);
    if (newest === undefined) throw new LoricaError("conflict", `${basename(path)} has no version to go back from`);
    preflight(database, version);
    const seals = newest.seals && createSeals({ database, clock: systemClock, key, report: () => undefined });
    await database.write(() => {
      if (seals) openAll(database, seals);
      change(database, newest.down, version - 1);
    });
    return version - 1;
  } finally {
    database.close();
  }
}

/** What SQLite finds wrong with the file; empty where it is sound. */
export function checkDatabase(path: string): readonly string[] {
  const database = openDatabase(path, { readOnly: true });
  try {
    return integrityProblems(database);
  } finally {
    database.close();
  }
}

/** SQLite gives its side files the mode of the main one, so the main one must be right from its first byte. */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, "a", 0o600));
    chmodSync(path, 0o600);
  } catch (cause) {
    throw new LoricaError(
      "unavailable",
      `cannot open the database ${path} for writing; check that its folder exists and belongs to this user`,
      { cause },
    );
  }
}

function checkOurs(database: Database, migrations: readonly Migration[]): number {
  const application = pragma(database, "application_id");
  const version = pragma(database, "user_version");
  const tables = database.query<{ count: number }>("SELECT count(*) AS count FROM sqlite_schema").get()?.count ?? 0;
  const name = basename(database.path);
  if (application !== applicationId && tables > 0)
    throw new LoricaError("conflict", `${name} is a database of another program; move it away, then start again`);
  const newest = migrations.at(-1)?.version ?? 0;
  if (version > newest)
    throw new LoricaError(
      "conflict",
      `${name} was written by a newer Lorica (its version is ${version}, this one knows up to ${newest}). Start the ` +
        `newer one again, or put back the copy ${name}.before-${newest + 1} that it made; nothing was changed`,
    );
  return version;
}

/** A sound file, room for a second one, and then that second one. */
function preflight(database: Database, version: number): void {
  const name = basename(database.path);
  const problems = integrityProblems(database);
  if (problems.length > 0)
    throw new LoricaError("internal", `${name} is damaged and was not changed; put back a backup (${problems[0]})`);
  const disk = statfsSync(dirname(database.path));
  const needed = 2 * statSync(database.path).size + limits.diskFreeMinBytes;
  if (disk.bavail * disk.bsize < needed)
    throw new LoricaError(
      "unavailable",
      `${name} needs ${needed} free bytes on its disk to be changed; free some space`,
    );
  const copy = `${database.path}.before-${version + 1}`;
  rmSync(copy, { force: true });
  closeSync(openSync(copy, "wx", 0o600));
  database.query("VACUUM INTO :copy").run({ copy });
}

function change(database: Database, sql: string, version: number): void {
  database.execute(sql);
  database.execute(`PRAGMA user_version = ${version}; PRAGMA application_id = ${version === 0 ? 0 : applicationId}`);
}

function integrityProblems(database: Database): readonly string[] {
  const rows = database.query<{ integrity_check: string }>("PRAGMA integrity_check(10)").all();
  return rows.map((row) => row.integrity_check).filter((text) => text !== "ok");
}

function pragma(database: Database, name: "application_id" | "user_version"): number {
  return database.query<Record<string, number>>(`PRAGMA ${name}`).get()?.[name] ?? 0;
}
