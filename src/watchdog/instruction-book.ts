// What is known of each instruction file: the content that is in force, the one before it, and the first of all, with
// their copies. In the broker's own folder, where no cell and no gateway reaches.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../base/ids.ts";
import { parsed } from "../base/parsed.ts";
import { encodeChecked, parseChecked } from "../base/files/checked-json.ts";
import { readIfThereSync } from "../base/files/read-if-there.ts";

export type KnownFile = {
  /** Of the content in force; null where the file is not there. */
  readonly hash: string | null;
  readonly at: number;
  readonly by: "start" | "hand" | "owner" | "gateway" | "first conversation";
  readonly previous: string | null;
  /** What the owner called the baseline. */
  readonly base: string | null;
  /** A content that was put aside and waits for the owner's word. */
  readonly aside: string | null;
};

export type InstructionBook = {
  /** The files of the book that were no longer what was written when it was opened. */
  readonly damaged: readonly string[];
  /** By `agent/NAME.md`. */
  find(key: string): KnownFile | undefined;
  entries(): readonly (readonly [key: string, file: KnownFile])[];
  set(key: string, file: KnownFile): void;
  keep(bytes: Uint8Array): string;
  copy(hash: string): Uint8Array | undefined;
};

export function openInstructionBook(folder: string): InstructionBook {
  const path = join(folder, "files.json");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const written = readIfThereSync(path)?.toString("utf8");
  const book = written === undefined ? parsed({}) : parseChecked(written);
  // One that cannot be read is begun anew: what lies in the workspaces is then the first that is known.
  const files = new Map<string, KnownFile>(Object.entries(book.ok ? (book.value as Record<string, KnownFile>) : {}));
  const copyPath = (hash: string): string => join(folder, `copy-${hash}`);

  function save(): void {
    writeFileSync(`${path}.new`, encodeChecked(Object.fromEntries(files)), { mode: 0o600 });
    renameSync(`${path}.new`, path);
    const used = new Set(
      [...files.values()].flatMap(({ hash, previous, base, aside }) => [hash, previous, base, aside]),
    );
    for (const name of readdirSync(folder))
      if (name.startsWith("copy-") && !used.has(name.slice("copy-".length))) rmSync(join(folder, name));
  }

  return {
    damaged: [...(book.ok ? [] : [path]), ...damagedCopies(folder)],
    find: (key) => files.get(key),
    entries: () => [...files],
    set(key, file) {
      files.set(key, file);
      save();
    },
    keep(bytes) {
      const hash = sha256(bytes);
      writeFileSync(copyPath(hash), bytes, { mode: 0o600 });
      return hash;
    },
    copy(hash) {
      const bytes = readIfThereSync(copyPath(hash));
      return bytes !== undefined && sha256(bytes) === hash ? bytes : undefined;
    },
  };
}

/** A copy is called by the hash of what it holds. */
function damagedCopies(folder: string): readonly string[] {
  const copies = readdirSync(folder).filter((name) => name.startsWith("copy-"));
  return copies
    .filter((name) => `copy-${sha256(readFileSync(join(folder, name)))}` !== name)
    .map((name) => join(folder, name));
}
