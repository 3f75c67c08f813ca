// `logs/config-audit.jsonl`: who changed which keys when. Paths and hashes only, never values.
import { rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isMissing } from "../../base/errors.ts";
import { encodeChecked, parseChecked } from "../../base/files/checked-json.ts";
import { limits } from "../../base/limits.ts";
import { readOwnBytes } from "../read/file.ts";
import { appendDurably } from "./atomic.ts";

export type JournalEntry = {
  readonly at: string;
  /** `cli`, `owner`, `rollback`, or `hand` for an edit that did not go through Lorica. */
  readonly actor: string;
  readonly changed: readonly string[];
  readonly before: string;
  readonly after: string;
  /** True where a change gives somebody more than before, which `widening` names, or is unusual by its `flags`. */
  readonly suspicious: boolean;
  readonly widening: readonly string[];
  /** What these fields say came with later versions; older lines do not have them. */
  readonly flags?: readonly string[];
  readonly bytesBefore?: number;
  readonly bytesAfter?: number;
  /** `held`: it was put aside and is not in force; `after` is then what it would have become. */
  readonly verdict?: "applied" | "held";
  /** The process that wrote. Who writes behind Lorica's back is not known to anybody. */
  readonly by?: { readonly pid: number; readonly ppid: number; readonly cwd: string; readonly argv: readonly string[] };
};

export type Journal = {
  append(entry: JournalEntry): Promise<void>;
  /** Oldest first; a line that was changed, or that a crash cut off, says so in its place. */
  read(): Promise<readonly JournalEntry[]>;
};

export function createJournal(path: string): Journal {
  return {
    async append(entry) {
      await rotate(path);
      await appendDurably(path, `${encodeChecked(entry)}\n`);
      await hintAt(join(dirname(path), "config-audit.json"));
    },
    async read() {
      const files = [`${path}.1`, path];
      const entries = await Promise.all(files.map(readEntries));
      return entries.flat();
    },
  };
}

/** A byte that is no UTF-8 costs its line, and not the list. */
async function readEntries(path: string): Promise<readonly JournalEntry[]> {
  const read = await readOwnBytes(path, limits.configJournalMaxBytes * 2);
  if (read === undefined) return [];
  if (!read.ok) return [{ ...unreadable, at: new Date(0).toISOString(), flags: [`${path} ${read.reason}`] }];
  return entriesOf(new TextDecoder("utf-8", { ignoreBOM: true }).decode(read.value.bytes), path);
}

function entriesOf(text: string, path: string): readonly JournalEntry[] {
  const lines = text.split("\n");
  let at = new Date(0).toISOString();
  return lines.flatMap((line, index) => {
    const isLast = index === lines.length - 1;
    if (isLast && line === "") return [];
    const read = parseChecked(line);
    if (!read.ok || isLast) return [{ ...unreadable, at, flags: [`line ${index + 1} changed or cut off, in ${path}`] }];
    const entry = read.value as unknown as JournalEntry;
    at = entry.at;
    return [entry];
  });
}

/** It counts for nothing, and is shown to whoever looks for what is unusual, as of the time of the line before it. */
const unreadable = {
  actor: "unknown",
  changed: [],
  before: "",
  after: "",
  suspicious: true,
  widening: [],
  verdict: "held",
} as const;

async function rotate(path: string): Promise<void> {
  try {
    if ((await stat(path)).size >= limits.configJournalMaxBytes) await rename(path, `${path}.1`);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
  }
}

/** Guides print this earlier name of the file; whoever opens it is told where to look (C-31). */
async function hintAt(path: string): Promise<void> {
  const hint = { moved: "config-audit.jsonl", run: "lorica config history --suspicious" };
  try {
    await writeFile(path, `${JSON.stringify(hint)}\n`, { flag: "wx", mode: 0o600 });
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw cause;
  }
}
