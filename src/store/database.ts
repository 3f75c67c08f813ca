// The one connection to SQLite: prepared statements with types, one transaction per write, and SQLite's result codes
// turned into errors that a person can act on.
import { basename } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { SQLInputValue } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { LoricaError } from "../base/errors.ts";
import type { Code } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import type { Durability } from "./store.ts";

export type Params = Readonly<Record<string, SQLInputValue>>;

/** A prepared statement; `Row` is what one row of its answer looks like. */
export type Query<Row> = {
  get(params?: Params): Row | undefined;
  all(params?: Params): readonly Row[];
  /** Answers how many rows changed. */
  run(params?: Params): number;
};

export type Database = {
  readonly path: string;
  query<Row = never>(sql: string): Query<Row>;
  /** Statements without parameters, outside any transaction: pragmas and schema. */
  execute(sql: string): void;
  /** One transaction: all of `work` is kept, or nothing of it. `work` is synchronous, so nothing gets in between. */
  write<T>(work: () => T, durability?: Durability): Promise<T>;
  read<T>(work: () => T): Promise<T>;
  /** Called when a write came to nothing, for whoever remembers what it had written. */
  onUndone(listener: () => void): void;
  close(): void;
};

export function openDatabase(path: string, options: { readonly readOnly: boolean }): Database {
  const connection = convert(path, () => {
    const opened = new DatabaseSync(path, { readOnly: options.readOnly, timeout: limits.storeBusyStepMs });
    // The first statement is what reads the file: whatever is wrong with it shows here, with a name.
    opened.exec("PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; SELECT count(*) FROM sqlite_schema;");
    return opened;
  });
  const execute = (sql: string): void => convert(path, () => connection.exec(sql));
  let durable: Durability | undefined;
  const undone: (() => void)[] = [];
  /** A flush costs more than all the rest of a write, so only writes that somebody relies on pay for one. */
  const begin = (wanted: Durability, tries: number): boolean => {
    if (wanted !== durable) execute(`PRAGMA synchronous = ${wanted === "flushed" ? "FULL" : "NORMAL"}`);
    durable = wanted;
    return lock(connection, path, tries);
  };
  return {
    path,
    execute,
    query<Row>(sql: string): Query<Row> {
      const statement = convert(path, () => connection.prepare(sql));
      return {
        get: (params = {}) => statement.get(params) as Row | undefined,
        all: (params = {}) => statement.all(params) as unknown as readonly Row[],
        run: (params = {}) => Number(statement.run(params).changes),
      };
    },
    async write(work, durability = "flushed") {
      // From taking the lock to letting it go nothing waits: two transactions on one connection cannot overlap.
      for (let tries = 1; !begin(durability, tries); tries += 1) await delay(limits.storeBusyStepMs);
      try {
        const value = work();
        connection.exec("COMMIT");
        return value;
      } catch (cause) {
        // A full disk makes SQLite roll back by itself; a second rollback would hide the cause.
        if (connection.isTransaction) connection.exec("ROLLBACK");
        for (const listener of undone) listener();
        throw describe(path, cause);
      }
    },
    async read(work) {
      return convert(path, work);
    },
    onUndone: (listener) => void undone.push(listener),
    close: () => {
      if (connection.isOpen) convert(path, () => connection.close());
    },
  };
}

/**
 * Takes the write lock. SQLite's own waiting would stop everything else in this process, so it waits only for a
 * moment at a time and the rest of the wait is ours. False while somebody else has it.
 */
function lock(connection: DatabaseSync, path: string, tries: number): boolean {
  try {
    connection.exec("BEGIN IMMEDIATE");
    return true;
  } catch (cause) {
    if (primaryCode(cause) !== busy || tries >= busyTriesMax) throw describe(path, cause);
    return false;
  }
}

function convert<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw describe(path, cause);
  }
}

const busyTriesMax = Math.ceil(limits.storeBusyTimeoutMs / (2 * limits.storeBusyStepMs));

// SQLite's primary result codes.
const busy = 5;
/** SQLite has no code of its own for a column that is not called what it was called before. */
const otherTables = /no such (?:table|column)|has no column named/;
const damagedTables = { code: "internal", text: "is damaged; put back a backup. It was left as it is" } as const;
const meanings: Readonly<Record<number, { readonly code: Code; readonly text: string }>> = {
  [busy]: {
    code: "locked",
    text: "is locked by another process; stop the other program that has it open, then try again",
  },
  6: { code: "locked", text: "is locked by another process; stop the other program that has it open, then try again" },
  8: { code: "unavailable", text: "cannot be written; give the file and its folder back to the user that runs Lorica" },
  10: { code: "unavailable", text: "could not be read or written by the operating system; check the disk" },
  11: {
    code: "internal",
    text: "is damaged; stop Lorica and put back a backup. The damaged file was left as it is",
  },
  13: { code: "unavailable", text: "cannot grow, the disk is full; free some space, nothing stored so far is lost" },
  14: { code: "unavailable", text: "cannot be opened; check that its folder exists and belongs to this user" },
  26: {
    code: "internal",
    text: "is not a database; move the file away or put back a backup. It was left as it is",
  },
};

function describe(path: string, cause: unknown): unknown {
  const primary = primaryCode(cause);
  if (primary === undefined) return cause;
  const detail = cause instanceof Error ? cause.message : String(cause);
  const meaning = otherTables.test(detail) ? damagedTables : meanings[primary];
  if (meaning === undefined) return new LoricaError("internal", `${basename(path)}: ${detail}`, { cause });
  return new LoricaError(meaning.code, `the database ${basename(path)} ${meaning.text} (${detail})`, { cause });
}

function primaryCode(cause: unknown): number | undefined {
  if (!(cause instanceof Error) || !("errcode" in cause) || typeof cause.errcode !== "number") return undefined;
  return cause.errcode & 0xff;
}
