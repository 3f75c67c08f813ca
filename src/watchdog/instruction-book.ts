// What is known of each instruction file: the content that is in force, the one before it, and the first of all, with
// their copies. In the broker's own folder, where no cell and no gateway reaches.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMissing } from "../base/errors.ts";
import { sha256 } from "../base/ids.ts";
import { isRecord, parseJson } from "../base/json.ts";

export type KnownFile = {
  /** Of the content in force; null where the file is not there. */
  readonly hash: string | null;
  readonly at: number;
  readonly by: "start" | "hand" | "owner" | "first conversation";
  readonly previous: string | null;
  /** What the owner called the baseline. */
  readonly base: string | null;
  /** A content that was put aside and waits for the owner's word. */
  readonly aside: string | null;
};

export type InstructionBook = {
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
  const files = new Map<string, KnownFile>(Object.entries(parseBook(readIfThere(path)?.toString("utf8"))));
  const copyPath = (hash: string): string => join(folder, `copy-${hash}`);

  function save(): void {
    writeFileSync(`${path}.new`, JSON.stringify(Object.fromEntries(files)), { mode: 0o600 });
    renameSync(`${path}.new`, path);
    const used = new Set(
      [...files.values()].flatMap(({ hash, previous, base, aside }) => [hash, previous, base, aside]),
    );
    for (const name of readdirSync(folder))
      if (name.startsWith("copy-") && !used.has(name.slice("copy-".length))) rmSync(join(folder, name));
  }

  return {
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
      const bytes = readIfThere(copyPath(hash));
      return bytes !== undefined && sha256(bytes) === hash ? bytes : undefined;
    },
  };
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw cause;
  }
}

/** A book that cannot be read is begun anew: what lies in the workspaces is then the first that is known. */
function parseBook(text: string | undefined): Record<string, KnownFile> {
  const read = parseJson(text ?? "{}");
  return read.ok && isRecord(read.value) ? (read.value as Record<string, KnownFile>) : {};
}
