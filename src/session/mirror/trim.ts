// Keeps the mirrored transcripts within their bytes, and removes those of conversations that were deleted: they are plain
// text. Transcripts that another program left in these folders are its own and stay.
import { open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "../../base/errors.ts";
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import type { Store } from "../../store/store.ts";
import { parsePieceName } from "./pieces.ts";

export type Trimming = {
  readonly agentsDir: string;
  readonly bytesMax: number;
  /** Whether this file is still being written. */
  readonly isOpen: (path: string) => boolean;
};

type Mirrored = { readonly path: string; readonly id: string; readonly bytes: number; readonly at: number };

export async function trimMirrors(store: Pick<Store, "sessions">, options: Trimming): Promise<void> {
  const gone: string[] = [];
  const kept: Mirrored[] = [];
  const known = new Map<string, ReadonlySet<string>>();
  for (const { sessionKey, ...file } of await listMirrored(options.agentsDir)) {
    const windows = known.get(sessionKey) ?? new Set((await store.sessions.windows(sessionKey)).map(({ id }) => id));
    known.set(sessionKey, windows);
    if (windows.has(file.id)) kept.push(file);
    else gone.push(file.path);
  }
  let total = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { path, bytes } of kept.toSorted((a, b) => a.at - b.at)) {
    if (total <= options.bytesMax) break;
    if (options.isOpen(path)) continue;
    gone.push(path);
    total -= bytes;
  }
  for (const path of gone) await rm(path, { force: true });
}

async function listMirrored(agentsDir: string): Promise<readonly (Mirrored & { readonly sessionKey: string })[]> {
  const found: (Mirrored & { readonly sessionKey: string })[] = [];
  for (const agent of await namesIn(agentsDir)) {
    const folder = join(agentsDir, agent, "sessions");
    for (const name of await namesIn(folder)) {
      const id = parsePieceName(name)?.id;
      if (id === undefined || found.length >= limits.mirrorFilesMax) continue;
      const path = join(folder, name);
      const sessionKey = await sessionOf(path);
      const { size: bytes, mtimeMs: at } = await stat(path);
      if (sessionKey !== undefined) found.push({ path, id, bytes, at, sessionKey });
    }
  }
  return found;
}

/** From the file's own first line; undefined where it is none of ours. */
async function sessionOf(path: string): Promise<string | undefined> {
  const file = await open(path, "r");
  try {
    const head = Buffer.alloc(limits.mirrorHeaderMaxBytes);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    const [line = ""] = head.toString("utf8", 0, bytesRead).split("\n", 1);
    const header = parseJson(line);
    const about = header.ok && isRecord(header.value) ? header.value["lorica"] : undefined;
    return isRecord(about) && typeof about["sessionKey"] === "string" ? about["sessionKey"] : undefined;
  } finally {
    await file.close();
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (isMissing(cause) || (cause as NodeJS.ErrnoException).code === "ENOTDIR") return [];
    throw cause;
  }
}
