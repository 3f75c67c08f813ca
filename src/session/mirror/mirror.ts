// The optional live copy of transcripts as JSON lines in `agents/<agent>/sessions/`, for people and tools that look at
// files. The database is the record: the copy is behind it by a moment, and is made anew where it fell behind.
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { limits } from "../../base/limits.ts";
import type { Entry, Session, Store } from "../../store/store.ts";
import { encodeEntry, encodeHeader } from "../jsonl.ts";
import type { ScreenBodies } from "../screen.ts";
import { observeTranscript } from "../observe.ts";
import { appendPieces, writePieces, writeWhole } from "./pieces.ts";
import type { Line, Piece, PieceBounds } from "./pieces.ts";
import { trimMirrors } from "./trim.ts";

export type Mirror = {
  /** The same store; what is written to a transcript through it is also mirrored. */
  readonly store: Store;
  /** Resolves once everything so far is in the files. */
  flush(): Promise<void>;
  /** Removes the oldest files that are too much, and those of deleted conversations. */
  trim(): Promise<void>;
};

export type MirrorBounds = PieceBounds & { readonly totalBytesMax: number };

export type MirrorOptions = {
  readonly agentsDir: string;
  readonly bounds: () => MirrorBounds;
  /** The disk is nearly full: the copy waits, and is made anew once there is room. */
  readonly isLow: () => boolean;
  readonly redact: (text: string) => string;
  /** Takes out what only the broker knows for a secret. */
  readonly screen: ScreenBodies;
  readonly report: (error: unknown) => void;
};

type Mirrored = { readonly piece: Piece; readonly header: string; readonly last: Entry | undefined };

export function createMirror(store: Store, options: MirrorOptions): Mirror {
  // Least recently used first. A window that is not in here is written as a whole, so forgetting one loses nothing.
  const windows = new Map<string, Mirrored>();
  let work: Promise<void> = Promise.resolve();

  const write = async (entries: readonly Entry[]): Promise<void> => {
    const [first] = entries;
    if (first === undefined) return;
    const known = windows.get(first.windowId);
    windows.delete(first.windowId);
    if (options.isLow()) return;
    const follows = known !== undefined && known.last?.seq === first.seq - 1;
    const mirrored = follows ? await appendLines(known, entries, options) : await rewrite(store, first, options);
    if (mirrored === undefined) return;
    windows.set(first.windowId, mirrored);
    for (const id of windows.keys()) if (windows.size > limits.mirrorWindowsMax) windows.delete(id);
  };
  // One after the other, off the path of whoever writes; a disk that fails costs the copy, not the conversation.
  const follow = (task: () => Promise<void>): Promise<void> => {
    work = work.then(task).catch(options.report);
    return work;
  };
  const { agentsDir, bounds } = options;
  const isOpen = (path: string): boolean => [...windows.values()].some(({ piece }) => piece.path === path);
  return {
    flush: () => work,
    trim: () => follow(() => trimMirrors(store, { agentsDir, isOpen, bytesMax: bounds().totalBytesMax })),
    store: observeTranscript(store, (entries) => void follow(() => write(entries))),
  };
}

async function appendLines(
  { piece, header, last }: Mirrored,
  entries: readonly Entry[],
  options: MirrorOptions,
): Promise<Mirrored> {
  const id = entries[0]?.windowId ?? "";
  const target = { folder: dirname(piece.path), id, header, bounds: options.bounds() };
  const next = await appendPieces(piece, await linesOf(entries, last, options), target);
  return { piece: next, header, last: entries.at(-1) };
}

async function linesOf(
  entries: readonly Entry[],
  last: Entry | undefined,
  { redact, screen }: MirrorOptions,
): Promise<readonly Line[]> {
  const bodies = await screen(
    entries.map(({ body }) => body),
    AbortSignal.timeout(limits.mirrorScreenTimeoutMs),
  );
  return entries.map((entry, index) => {
    const before = index === 0 ? last : entries[index - 1];
    const clean = { ...entry, body: bodies[index] ?? entry.body };
    return { at: entry.at, text: `${encodeEntry(clean, { before, redact })}\n` };
  });
}

/** The whole window, each file under another name until it is complete. Nothing where its session is gone meanwhile. */
async function rewrite(store: Store, entry: Entry, options: MirrorOptions): Promise<Mirrored | undefined> {
  const { agentsDir, bounds } = options;
  const found = await findWindow(store, entry);
  if (found === undefined) return undefined;
  const { session, window } = found;
  const folder = join(agentsDir, session.agentId, "sessions");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const entries = await store.transcript.read(window.id);
  const header = encodeHeader(session, window);
  // The name is the window's own id, which we made: nothing that anybody wrote becomes a path (RT-010).
  const target = { folder, id: window.id, header, bounds: bounds() };
  const piece = await writePieces(await linesOf(entries, undefined, options), target);
  await writeIndex(store, folder, session);
  return { piece, header, last: entries.at(-1) };
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
