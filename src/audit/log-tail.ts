// The end of the log, for clients that follow it: by a cursor, in bounded pieces, whole lines only.
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { isMissing, LoricaError } from "../base/errors.ts";
import { isRecord } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import type { LogsTailResult } from "../protocol/shapes.ts";

/** `redact` once more: a secret that was stored after a line was written is in that line still. */
export async function readLogTail(
  path: string,
  asked: unknown,
  redact: (text: string) => string,
): Promise<LogsTailResult> {
  const { cursor, limit, maxBytes } = parseAsked(asked);
  const file = basename(path);
  const handle = await openLog(path);
  if (handle === undefined)
    return { file, cursor: 0, size: 0, lines: [], truncated: false, reset: cursor !== undefined };
  try {
    const { size } = await handle.stat();
    const reset = cursor !== undefined && cursor > size;
    const from = cursor === undefined || reset ? 0 : cursor;
    const start = Math.max(from, size - maxBytes);
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    const text = buffer.subarray(0, bytesRead);
    // A line that is still being written waits for the next call; one that begins before the piece is left out.
    const end = text.lastIndexOf(10) + 1;
    const begin = start > from ? text.indexOf(10) + 1 : 0;
    const all = end > begin ? text.subarray(begin, end).toString("utf8").trimEnd().split("\n") : [];
    const lines = all.slice(-limit).map(redact);
    return { file, cursor: start + end, size, lines, truncated: start > from || all.length > limit, reset };
  } finally {
    await handle.close();
  }
}

async function openLog(path: string) {
  try {
    return await open(path, "r");
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new LoricaError("internal", `cannot read the log ${path}`, { cause });
  }
}

function parseAsked(asked: unknown): { cursor: number | undefined; limit: number; maxBytes: number } {
  const { cursor, limit, maxBytes } = isRecord(asked) ? asked : {};
  const count = (value: unknown, max: number): number =>
    Number.isSafeInteger(value) && Number(value) > 0 ? Math.min(Number(value), max) : max;
  return {
    cursor: Number.isSafeInteger(cursor) && Number(cursor) >= 0 ? Number(cursor) : undefined,
    limit: count(limit, limits.logTailLinesMax),
    maxBytes: count(maxBytes, limits.logTailMaxBytes),
  };
}
