// The head of the database: which one it is, and how often it was written. It is signed with the state key and reported to
// somebody outside, so that an older file which is put in its place is known for what it is.
import type { KeyObject } from "node:crypto";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { Database } from "../database.ts";
import type { Durability } from "../store.ts";
import { authenticate, deriveKey } from "./cipher.ts";
import type { Head } from "./port.ts";
import type { Seals } from "./seals.ts";

type Row = Head & { readonly tag: string; readonly copy: string };

export type HeadOptions = {
  readonly database: Database;
  readonly seals: Seals;
  readonly key: Uint8Array;
  /** What was last reported, by whoever kept it. */
  readonly expected?: Head | undefined;
  /** Called at most so often, with what is on the disk for certain, and once more by `close`. */
  readonly report?: ((head: Head) => void) | undefined;
};

export type HeadKeeper = {
  readonly current: () => Head;
  /** The same database, which counts its writes. */
  readonly counted: Database;
  close(): void;
};

export async function openHead(options: HeadOptions): Promise<HeadKeeper> {
  const { database, key, report } = options;
  const tagKey = deriveKey(key, "head");
  const first = judge(options, tagKey);
  let head = first;
  const select = database.query<Head>("SELECT lineage, writes FROM head WHERE id = 1");
  const save = database.query(
    "UPDATE head SET lineage = :lineage, writes = :writes, tag = :tag, copy = :copy WHERE id = 1 AND writes = :before",
  );
  const count = (): void => {
    // Another process that has the file open may have counted in between.
    const next = { ...head, writes: head.writes + 1 };
    if (save.run({ before: head.writes, ...signed(tagKey, next) }) === 1) head = next;
    else recount();
  };
  const recount = (): void => {
    const now = select.get();
    if (now === undefined) throw new LoricaError("internal", "the head of the database is gone");
    const next = { lineage: now.lineage, writes: now.writes + 1 };
    save.run({ before: now.writes, ...signed(tagKey, next) });
    head = next;
  };
  const reporter = createReporter(report);
  await database.write(() => {
    const present = select.get()?.writes ?? 0;
    save.run({ before: present, ...signed(tagKey, first) });
  });
  const write = async <T>(work: () => T, durability: Durability = "flushed"): Promise<T> => {
    const before = head;
    const restore = (cause: unknown): never => {
      head = before;
      throw cause;
    };
    const value = await database
      .write(() => {
        const result = work();
        count();
        return result;
      }, durability)
      .catch(restore);
    // What is only ordered may be lost with the power, and then it must not have been heard of.
    if (durability === "flushed") reporter.hear(head);
    return value;
  };
  return { current: () => head, counted: { ...database, write }, close: reporter.close };
}

/** The head stands in its row twice, each time signed, so that a flipped bit leaves one of the two. */
function signed(tagKey: KeyObject, { lineage, writes }: Head) {
  const text = JSON.stringify([lineage, writes]);
  return { lineage, writes, tag: authenticate(tagKey, text), copy: text + authenticate(tagKey, `copy ${text}`) };
}

/** What the row says for certain. */
function readSigned(tagKey: KeyObject, { lineage, writes, tag, copy }: Row): Head | undefined {
  if (tag === signed(tagKey, { lineage, writes }).tag) return { lineage, writes };
  const [, inCopy, count] = /^\["([0-9a-f]{32})",(\d{1,15})\]/.exec(copy) ?? [];
  if (inCopy === undefined) return undefined;
  const head = { lineage: inCopy, writes: Number(count) };
  return copy === signed(tagKey, head).copy ? head : undefined;
}

/** Refuses a database that is sealed with another key, is another one, or is older than what was last reported. */
function judge({ database, seals, expected }: HeadOptions, tagKey: KeyObject): Head {
  const row = database.query<Row>("SELECT lineage, writes, tag, copy FROM head WHERE id = 1").get();
  if (row === undefined) throw new LoricaError("internal", "the database has no head; put back a backup");
  const { lineage, writes, tag, copy } = row;
  const opensAny = seals.keys.opensAny();
  const isNew = tag === "" && copy === "" && opensAny === undefined;
  if (isNew && expected === undefined) return { lineage, writes };
  const head = isNew ? { lineage, writes } : readSigned(tagKey, row);
  if (head === undefined && opensAny !== true)
    throw new LoricaError(
      "conflict",
      "the database is sealed with another key than this vault's; put back the vault and its identity that belong to " +
        "it, or the backup that both come from. Nothing was changed",
    );
  const isAsWritten = isNew || (tag === signed(tagKey, row).tag && copy === signed(tagKey, row).copy);
  if (!isAsWritten) seals.damage.add({ what: "the head of the database" });
  if (head === undefined && expected !== undefined)
    throw new LoricaError(
      "conflict",
      `the head of the database is damaged in both of its places, so that nobody can say whether it is the newest. ${accept}`,
    );
  if (head !== undefined && expected !== undefined) refuseOlder(head, expected);
  return head ?? { lineage, writes };
}

const accept = "To go on with it as it is: lorica backup accept";

function refuseOlder(head: Head, expected: Head): void {
  if (head.lineage !== expected.lineage)
    throw new LoricaError(
      "conflict",
      "this is not the database that was here before: it was put in its place, or the old one was removed. Put the " +
        `right one back, or a backup with: lorica backup restore. ${accept}`,
    );
  if (head.writes < expected.writes)
    throw new LoricaError(
      "conflict",
      `the database is older than it was (${head.writes} writes, and ${expected.writes} were made): somebody put an ` +
        "older copy in its place. What was deleted or revoked since would hold again, and replies could be sent twice. " +
        `Put the newest one back. ${accept}`,
    );
}

function createReporter(report: ((head: Head) => void) | undefined): { hear(head: Head): void; close(): void } {
  let waiting: Head | undefined;
  let timer: NodeJS.Timeout | undefined;
  const tell = (): void => {
    timer = undefined;
    if (waiting !== undefined) report?.(waiting);
    waiting = undefined;
  };
  return {
    hear(head) {
      if (report === undefined) return;
      waiting = head;
      timer ??= setTimeout(tell, limits.headReportMs).unref();
    },
    close() {
      clearTimeout(timer);
      tell();
    },
  };
}
