// The optional live copy of transcripts as JSON lines in `agents/<agent>/sessions/`, for people and tools that look at
// files. The database is the record: the copy is behind it by a moment, and is made anew where it fell behind.
import { appendFile, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { limits } from "../base/limits.ts";
import type { Entry, Session, Store } from "../store/store.ts";
import { encodeEntry, encodeHeader } from "./jsonl.ts";
import { observeTranscript } from "./observe.ts";

export type Mirror = {
  /** The same store; what is written to a transcript through it is also mirrored. */
  readonly store: Store;
  /** Resolves once everything so far is in the files. */
  flush(): Promise<void>;
};

export type MirrorOptions = {
  readonly agentsDir: string;
  readonly redact: (text: string) => string;
  readonly report: (error: unknown) => void;
};

type Mirrored = { readonly path: string; last: Entry | undefined };

export function createMirror(store: Store, options: MirrorOptions): Mirror {
  // Least recently used first. A window that is not in here is written as a whole, so forgetting one loses nothing.
  const windows = new Map<string, Mirrored>();
  let work: Promise<void> = Promise.resolve();

  const write = async (entries: readonly Entry[]): Promise<void> => {
    const [first] = entries;
    if (first === undefined) return;
    const known = windows.get(first.windowId);
    windows.delete(first.windowId);
    const follows = known !== undefined && known.last?.seq === first.seq - 1;
    const mirrored = follows ? await appendLines(known, entries, options) : await rewrite(store, first, options);
    if (mirrored === undefined) return;
    windows.set(first.windowId, mirrored);
    for (const id of windows.keys()) if (windows.size > limits.mirrorWindowsMax) windows.delete(id);
  };
  const mirror = (entries: readonly Entry[]): void => {
    // One after the other, off the path of whoever writes; a disk that fails costs the copy, not the conversation.
    work = work.then(() => write(entries)).catch(options.report);
  };
  return { flush: () => work, store: observeTranscript(store, mirror) };
}

async function appendLines(
  mirrored: Mirrored,
  entries: readonly Entry[],
  { redact }: MirrorOptions,
): Promise<Mirrored> {
  let { last } = mirrored;
  const lines = entries.map((entry) => {
    const line = `${encodeEntry(entry, { before: last, redact })}\n`;
    last = entry;
    return line;
  });
  await appendFile(mirrored.path, lines.join(""), { mode: 0o600 });
  return { path: mirrored.path, last };
}

/** The whole window, under another name until it is complete. Nothing where its session is gone in the meantime. */
async function rewrite(
  store: Store,
  entry: Entry,
  { agentsDir, redact }: MirrorOptions,
): Promise<Mirrored | undefined> {
  const found = await findWindow(store, entry);
  if (found === undefined) return undefined;
  const { session, window } = found;
  const folder = join(agentsDir, session.agentId, "sessions");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const entries = await store.transcript.read(window.id);
  const lines = entries.map((each, index) => encodeEntry(each, { before: entries[index - 1], redact }));
  // The name is the window's own id, which we made: nothing that anybody wrote becomes a path (RT-010).
  const path = join(folder, `${window.id}.jsonl`);
  await writeWhole(path, `${[encodeHeader(session, window), ...lines].join("\n")}\n`);
  await writeIndex(store, folder, session);
  return { path, last: entries.at(-1) };
}

async function findWindow(store: Store, entry: Entry) {
  const turn = await store.turns.find(entry.turnId);
  const session = turn === undefined ? undefined : await store.sessions.find(turn.sessionKey);
  if (session === undefined) return undefined;
  const window = (await store.sessions.windows(session.key)).find(({ id }) => id === entry.windowId);
  return window === undefined ? undefined : { session, window };
}

/** `sessions.json`: which file is the current one of each session. */
async function writeIndex(store: Store, folder: string, { agentId }: Session): Promise<void> {
  const sessions = await store.sessions.list({ agentId, limit: limits.mirrorIndexMax, offset: 0 });
  const index = sessions.map(({ key, windowId, updatedAt, channel }) => [
    key,
    { sessionId: windowId, updatedAt, channel },
  ]);
  await writeWhole(join(folder, "sessions.json"), `${JSON.stringify(Object.fromEntries(index), undefined, 2)}\n`);
}

async function writeWhole(path: string, text: string): Promise<void> {
  const unfinished = `${path}.unfinished`;
  await writeFile(unfinished, text, { mode: 0o600 });
  await rename(unfinished, path);
}
