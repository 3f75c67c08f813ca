// Fetches the files of one message into the media store. What cannot be taken is said in words, because the message
// itself is worth more than the file: it is never held back for one.
import type { MediaRef } from "../../../src/base/envelope.ts";
import { codeOf, LoricaError } from "../../../src/base/errors.ts";
import { limits } from "../../../src/base/limits.ts";
import { abortError, withDeadline } from "../../../src/base/wait.ts";
import { readBytes } from "../bytes.ts";
import type { Line } from "../line.ts";
import { renderBytes, renderMissing } from "./files.ts";
import type { RemoteFile } from "./files.ts";

export type Fetched = { readonly media: readonly MediaRef[]; readonly missing: readonly string[] };

export async function fetchFiles(files: readonly RemoteFile[], line: Line): Promise<Fetched> {
  const media: MediaRef[] = [];
  const missing: string[] = [];
  for (const file of files) {
    const taken = media.length >= limits.attachmentsMax ? "there are too many" : await fetchFile(file, line);
    if (typeof taken === "string") missing.push(renderMissing(file, taken));
    else media.push(taken);
  }
  return { media, missing };
}

/** Answers with the reason where it is not taken. */
async function fetchFile(file: RemoteFile, line: Line): Promise<MediaRef | string> {
  if (file.bytes !== undefined && file.bytes > file.bytesMax) return tooBig(file, file.bytes);
  try {
    return await withDeadline(line.signal, limits.telegramDownloadTimeoutMs, (signal) => download(file, line, signal));
  } catch (error) {
    if (line.signal.aborted) throw abortError(line.signal);
    // A store that cannot keep anything cannot keep the message either: that is for whoever asked to try again.
    if (error instanceof LoricaError && error.code === "unavailable") throw error;
    line.context.report(error);
    return codeOf(error) === "timeout" ? "it took too long" : "it could not be fetched";
  }
}

async function download(file: RemoteFile, line: Line, signal: AbortSignal): Promise<MediaRef | string> {
  const answer = await line.api.call((api, ending) => api.getFile({ file_id: file.fileId }, ending), signal);
  if (answer.kind === "refused") return `Telegram refused it (${answer.code})`;
  const { file_path: path, file_size: bytes } = answer.result;
  if (bytes !== undefined && bytes > file.bytesMax) return tooBig(file, bytes);
  if (path === undefined || !isPlainPath(path)) return "Telegram did not say where it is";
  const request = {
    account: line.id,
    method: "GET",
    url: line.api.fileUrl(path),
    headers: {},
    body: undefined,
  } as const;
  const response = await line.context.fetch(request, signal);
  if (response.status !== 200) {
    await response.body.cancel();
    return `Telegram answered with HTTP ${response.status}`;
  }
  const content = await readBytes(response.body, file.bytesMax, signal);
  if (content === undefined) return tooBig(file, undefined);
  if (content.length === 0) return "it is empty";
  return line.context.media.save(content, file.mime, file.name);
}

/** Telegram's own paths are folders and a name; nothing else is put into a URL. */
function isPlainPath(path: string): boolean {
  return /^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/.test(path);
}

function tooBig({ bytesMax }: RemoteFile, bytes: number | undefined): string {
  const size = bytes === undefined ? "it is larger than" : `it has ${renderBytes(bytes)}, and the limit is`;
  return `${size} ${renderBytes(bytesMax)}`;
}
