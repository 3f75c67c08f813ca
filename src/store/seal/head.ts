// The head of the database: which one it is, and how often it was written. It is signed with the state key and reported to
// somebody outside, so that an older file which is put in its place is known for what it is.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { Database } from "../database.ts";
import type { Durability } from "../store.ts";
import { authenticate, deriveKey } from "./cipher.ts";
import type { Head } from "./port.ts";
import type { Seals } from "./seals.ts";

type Row = Head & { readonly tag: string; readonly key_check: string };

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
  const tagOf = ({ lineage, writes }: Head): string => authenticate(tagKey, JSON.stringify([lineage, writes]));
  const first = judge(options, tagOf);
  let head = first;
  const select = database.query<Head>("SELECT lineage, writes FROM head WHERE id = 1");
  const save = database.query("UPDATE head SET writes = :writes, tag = :tag WHERE id = 1 AND writes = :before");
  const count = (): void => {
    // Another process that has the file open may have counted in between.
    const before = head.writes;
    const writes = before + 1;
    if (save.run({ before, writes, tag: tagOf({ ...head, writes }) }) === 1) head = { ...head, writes };
    else recount();
  };
  const recount = (): void => {
    const now = select.get();
    if (now === undefined) throw new LoricaError("internal", "the head of the database is gone");
    const next = { lineage: now.lineage, writes: now.writes + 1 };
    save.run({ before: now.writes, writes: next.writes, tag: tagOf(next) });
    head = next;
  };
  const reporter = createReporter(report);
  await database.write(() => {
    const check = authenticate(tagKey, keyCheckText);
    database
      .query("UPDATE head SET lineage = :lineage, writes = :writes, tag = :tag, key_check = :check WHERE id = 1")
      .run({ ...first, tag: tagOf(first), check });
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

const keyCheckText = "the state key of this database";

/** Refuses a database that is sealed with another key, is another one, or is older than what was last reported. */
function judge({ database, seals, key, expected }: HeadOptions, tagOf: (head: Head) => string): Head {
  const row = database.query<Row>("SELECT lineage, writes, tag, key_check FROM head WHERE id = 1").get();
  if (row === undefined) throw new LoricaError("internal", "the database has no head; put back a backup");
  const { lineage, writes } = row;
  const isNew = row.tag === "" && row.key_check === "" && seals.keys.opensAny() === undefined;
  const isSigned = row.tag === tagOf({ lineage, writes });
  const isOurKey = isNew || isSigned || row.key_check === authenticate(deriveKey(key, "head"), keyCheckText);
  if (!isOurKey && seals.keys.opensAny() !== true)
    throw new LoricaError(
      "conflict",
      "the database is sealed with another key than this vault's; put back the vault and its identity that belong to " +
        "it, or the backup that both come from. Nothing was changed",
    );
  if (isNew && expected === undefined) return { lineage, writes };
  if (!isSigned && !isNew) {
    // Which state it is in can be nobody's word any more: it goes on from the furthest that is known.
    seals.damage.add({ what: "the head of the database" });
    return { lineage: expected?.lineage ?? lineage, writes: Math.max(writes, expected?.writes ?? 0) };
  }
  if (expected !== undefined) refuseOlder({ lineage, writes }, expected);
  return { lineage, writes };
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
