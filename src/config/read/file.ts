// Reads a file that decides what Lorica may do: regular, ours, of bounded size, valid UTF-8, without NUL.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { userInfo } from "node:os";
import { errnoOf, isMissing, LoricaError } from "../../base/errors.ts";
import { rejected, parsed } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";

export type FileRead = { readonly text: string; readonly bytes: Uint8Array; readonly mode: number };

/** Undefined where there is no file. A file that may not be believed is rejected with the reason. */
export async function readOwnFile(path: string, maxBytes: number): Promise<Parsed<FileRead> | undefined> {
  const read = await readOwnBytes(path, maxBytes);
  if (read?.ok !== true) return read;
  const text = decodeText(read.value.bytes);
  return text.ok ? parsed({ text: text.value, ...read.value }) : text;
}

/** The same whatever is in it. */
export async function readOwnBytes(
  path: string,
  maxBytes: number,
): Promise<Parsed<Omit<FileRead, "text">> | undefined> {
  let handle;
  try {
    // Without following a link: what is checked and what is read must be the same file. Not blocking: a named pipe
    // in the place of the file must not hold up the start.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    if (errnoOf(cause) === "ELOOP") return rejected("is a symbolic link; put the file itself there");
    // A socket has a place and cannot be opened.
    if (errnoOf(cause) === "ENXIO") return rejected("is not a regular file");
    if (errnoOf(cause) === "EACCES") return rejected("may not be read by this user");
    throw new LoricaError("internal", `cannot open ${path}: ${errnoOf(cause) ?? "unknown error"}`, { cause });
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) return rejected("is not a regular file");
    if (stat.uid !== userInfo().uid && stat.uid !== 0) return rejected("belongs to another user");
    if ((stat.mode & 0o022) !== 0) return rejected(`can be written by other users; run: chmod 600 ${path}`);
    if (stat.size > maxBytes) return rejected(`is ${stat.size} bytes; the limit is ${maxBytes}`);
    const bytes = await readBounded(handle, maxBytes);
    if (bytes === undefined) return rejected(`is more than ${maxBytes} bytes`);
    return parsed({ bytes, mode: stat.mode & 0o777 });
  } finally {
    await handle.close();
  }
}

/** UTF-8 without NUL; a byte order mark at the beginning is allowed and left out. */
export function decodeText(bytes: Uint8Array): Parsed<string> {
  const nul = bytes.indexOf(0);
  if (nul >= 0) return rejected(`holds a NUL byte at offset ${nul}; it is not a text file`);
  try {
    return parsed(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The decoder says only that it is not UTF-8, which is all there is to say.
    return rejected("is not valid UTF-8");
  }
}

/** The size is asked for again while reading, because the file may grow in between. */
async function readBounded(
  handle: Awaited<ReturnType<typeof open>>,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: 65_536 })) {
    chunks.push(chunk as Uint8Array);
    total += (chunk as Uint8Array).byteLength;
    if (total > maxBytes) return undefined;
  }
  return Buffer.concat(chunks);
}
