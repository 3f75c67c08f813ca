// What somebody did to the config files and what does not hold yet: kept whole, so that an owner's edit is never lost and
// an intruder's can be looked at. The newest that waits is what `config accept` is about. What was written may hold a
// credential, so its text is sealed: to know that something waits, and what it would change, nothing has to be opened.
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isMissing, LoricaError } from "../../base/errors.ts";
import { newToken, sha256 } from "../../base/ids.ts";
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { writeAtomically } from "../keep/atomic.ts";
import { createCopies, sealedSuffix } from "./copies.ts";
import type { Sealing } from "./copies.ts";
import { readIfThere } from "../../base/files/read-if-there.ts";

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
  /** Path → hash of the content; undefined for a file that was taken away. */
  readonly hashes: ReadonlyMap<string, string | undefined>;
};

/** Path → content; undefined for a file that was taken away. */
export type { Sealing };

export type HeldFiles = ReadonlyMap<string, Uint8Array | undefined>;

export type NewEdit = Omit<Pending, "id" | "state" | "hashes"> & { readonly files: HeldFiles };

export type PendingStore = {
  /** Newest first. */
  list(): Promise<readonly Pending[]>;
  waiting(): Promise<Pending | undefined>;
  /** The same content as the one that waits is no second one. */
  add(edit: NewEdit): Promise<Pending>;
  /** What was written; throws where it cannot be had as it was. */
  open(edit: Pending): Promise<HeldFiles>;
  /** The newest is the one that waits, and no more are kept than may be. Once there is time: the files come first. */
  tidy(): Promise<void>;
  /** The one that the owner has named, or else the one that waits. */
  find(digest: string | undefined): Promise<Pending>;
  /** None waits any more: what was accepted is in force and not kept twice, all others are refused and kept for a while. */
  settle(accepted?: Pending): Promise<number>;
  /** What an earlier version has kept as plain text. */
  sealPlain(): Promise<void>;
};

export function createPendingStore(folder: string, sealing: Sealing | undefined): PendingStore {
  const folderOf = (id: string): string => join(folder, id);
  const copies = createCopies(sealing);

  async function list(): Promise<readonly Pending[]> {
    const found = await Promise.all((await namesIn(folder)).map((id) => loadOne(folderOf(id), id)));
    return found.filter((each) => each !== undefined).toSorted((a, b) => (a.id < b.id ? 1 : -1));
  }

  async function save({ id, hashes, ...manifest }: Pending): Promise<void> {
    const files = Object.fromEntries([...hashes].map(([path, hash]) => [path, hash ?? null]));
    const bytes = new TextEncoder().encode(JSON.stringify({ ...manifest, files }));
    await writeAtomically(join(folderOf(id), "edit.json"), bytes);
  }

  return {
    list,
    waiting: async () => (await list()).find(({ state }) => state === "waiting"),
    async add(edit) {
      const before = await list();
      const last = before.find(({ state }) => state === "waiting");
      if (
        last !== undefined &&
        digestOf(last) === digestOf({ hashes: hashesOf(edit.files) }) &&
        last.base === edit.base
      )
        return last;
      const id = `${edit.at.replace(/[^0-9]/g, "")}-${newToken(3)}`;
      const { files, ...about } = edit;
      await mkdir(folderOf(id), { recursive: true, mode: 0o700 });
      // Copies first: a manifest never names what is not there.
      for (const bytes of files.values()) if (bytes !== undefined) await copies.keep(folderOf(id), bytes);
      const added: Pending = { ...about, id, state: "waiting", hashes: hashesOf(files) };
      await save(added);
      return added;
    },
    async open({ id, hashes }) {
      const files = new Map<string, Uint8Array | undefined>();
      for (const [path, hash] of hashes)
        files.set(path, hash === undefined ? undefined : await copies.open(folderOf(id), hash));
      return files;
    },
    async tidy() {
      const [, ...older] = await list();
      for (const old of older) if (old.state === "waiting") await save({ ...old, state: "superseded" });
      for (const old of older.slice(limits.pendingMax - 1))
        await rm(folderOf(old.id), { recursive: true, force: true });
    },
    find: async (digest) => choose(await list(), digest),
    async settle(accepted) {
      const open = (await list()).filter(({ state }) => state !== "rejected");
      for (const each of open) {
        if (accepted === undefined || digestOf(each) !== digestOf(accepted)) await save({ ...each, state: "rejected" });
        else await rm(folderOf(each.id), { recursive: true, force: true });
      }
      return open.filter(({ state }) => state === "waiting").length;
    },
    async sealPlain() {
      for (const id of await namesIn(folder)) await copies.sealPlain(folderOf(id));
    },
  };
}

/** Of what it would write where: by this the owner says which edit they were shown. */
export function digestOf({ hashes }: Pick<Pending, "hashes">): string {
  return sha256(JSON.stringify([...hashes].toSorted()));
}

function hashesOf(files: HeldFiles): Pending["hashes"] {
  return new Map([...files].map(([path, bytes]) => [path, bytes && sha256(bytes)]));
}

/** Another process may edit between what the owner was shown and their word about it, which is not about that one. */
function choose(edits: readonly Pending[], digest: string | undefined): Pending {
  const open = edits.filter(({ state }) => state !== "rejected");
  const [waiting] = open;
  if (waiting === undefined) throw new LoricaError("not_found", "no edit waits to be accepted");
  if (digest === undefined) {
    if (open.every((other) => digestOf(other) === digestOf(waiting))) return waiting;
    throw new LoricaError(
      "conflict",
      "more than one edit was made since your last decision. See them with lorica config pending, and say which: lorica config accept DIGEST",
    );
  }
  const named = open.find((edit) => digestOf(edit).startsWith(digest));
  if (named !== undefined) return named;
  throw new LoricaError("not_found", `no edit ${digest} waits; see: lorica config pending`);
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
  const written = await readIfThere(join(folder, "edit.json"));
  const read = parseJson(new TextDecoder().decode(written));
  if (!read.ok || !isRecord(read.value) || !isRecord(read.value["files"])) return undefined;
  const { files, ...about } = read.value;
  const hashes = new Map<string, string | undefined>();
  const there = new Set(await readdir(folder));
  for (const [path, hash] of Object.entries(files as Readonly<Record<string, unknown>>)) {
    if (hash !== null && (typeof hash !== "string" || !/^[0-9a-f]{64}$/.test(hash))) return undefined;
    if (hash !== null && !there.has(hash) && !there.has(`${hash}${sealedSuffix}`)) return undefined;
    hashes.set(path, hash ?? undefined);
  }
  return { ...(about as unknown as Pending), id, hashes };
}
