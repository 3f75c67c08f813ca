// What somebody did to the config files and what does not hold yet: kept whole, so that an owner's edit is never lost and
// an intruder's can be looked at. The newest that waits is what `config accept` is about.
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "../../base/errors.ts";
import { newToken, sha256 } from "../../base/ids.ts";
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { writeAtomically } from "../keep/atomic.ts";

export type Pending = {
  readonly id: string;
  readonly at: string;
  readonly state: "waiting" | "superseded" | "rejected";
  /** What happened, in one line. */
  readonly what: string;
  /** Paths of the keys that could give somebody more. */
  readonly widening: readonly string[];
  /** One line for each change of a key, without secrets. */
  readonly changes: string;
  /** Hash of the config file that held. */
  readonly base: string;
  /** Path → content; undefined for a file that was taken away. */
  readonly files: ReadonlyMap<string, Uint8Array | undefined>;
};

export type PendingStore = {
  /** Newest first. */
  list(): Promise<readonly Pending[]>;
  waiting(): Promise<Pending | undefined>;
  /** The same content as the one that waits is no second one. */
  add(edit: Omit<Pending, "id" | "state">): Promise<Pending>;
  /** The newest is the one that waits, and no more are kept than may be. Once there is time: the files come first. */
  tidy(): Promise<void>;
  /** All that wait: what the owner refused is kept for a while, what they accepted is in force and is not kept twice. */
  settle(as: "rejected" | "accepted"): Promise<number>;
};

export function createPendingStore(folder: string): PendingStore {
  const folderOf = (id: string): string => join(folder, id);

  async function list(): Promise<readonly Pending[]> {
    const found = await Promise.all((await namesIn(folder)).map((id) => loadOne(folderOf(id), id)));
    return found.filter((each) => each !== undefined).toSorted((a, b) => (a.id < b.id ? 1 : -1));
  }

  async function save(edit: Pending): Promise<void> {
    const at = folderOf(edit.id);
    await mkdir(at, { recursive: true, mode: 0o700 });
    const files: Record<string, string | null> = {};
    for (const [path, bytes] of edit.files) {
      files[path] = bytes === undefined ? null : sha256(bytes);
      if (bytes !== undefined) await writeAtomically(join(at, sha256(bytes)), bytes);
    }
    const { id: _, ...manifest } = edit;
    await writeAtomically(join(at, "edit.json"), new TextEncoder().encode(JSON.stringify({ ...manifest, files })));
  }

  return {
    list,
    waiting: async () => (await list()).find(({ state }) => state === "waiting"),
    async add(edit) {
      const before = await list();
      const last = before.find(({ state }) => state === "waiting");
      if (last !== undefined && digestOf(last.files) === digestOf(edit.files) && last.base === edit.base) return last;
      const id = `${edit.at.replace(/[^0-9]/g, "")}-${newToken(3)}`;
      const added: Pending = { ...edit, id, state: "waiting" };
      await save(added);
      return added;
    },
    async tidy() {
      const [, ...older] = await list();
      for (const old of older) if (old.state === "waiting") await save({ ...old, state: "superseded" });
      for (const old of older.slice(limits.pendingMax - 1))
        await rm(folderOf(old.id), { recursive: true, force: true });
    },
    async settle(as) {
      const open = (await list()).filter(({ state }) => state === "waiting");
      for (const each of open) {
        if (as === "rejected") await save({ ...each, state: "rejected" });
        else await rm(folderOf(each.id), { recursive: true, force: true });
      }
      return open.length;
    },
  };
}

function digestOf(files: Pending["files"]): string {
  return JSON.stringify([...files].map(([path, bytes]) => [path, bytes && sha256(bytes)]).toSorted());
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => /^\d{8,20}-[0-9a-f]{6}$/.test(name));
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw cause;
  }
}

/** What a crash left half written, or somebody else changed, is not an edit. */
async function loadOne(folder: string, id: string): Promise<Pending | undefined> {
  try {
    const read = parseJson(await readFile(join(folder, "edit.json"), "utf8"));
    if (!read.ok || !isRecord(read.value) || !isRecord(read.value["files"])) return undefined;
    const files = new Map<string, Uint8Array | undefined>();
    for (const [path, hash] of Object.entries(read.value["files"])) {
      const bytes = typeof hash === "string" ? await readFile(join(folder, hash)) : undefined;
      if (bytes !== undefined && sha256(bytes) !== hash) return undefined;
      files.set(path, bytes);
    }
    return { ...(read.value as unknown as Pending), id, files };
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw cause;
  }
}
