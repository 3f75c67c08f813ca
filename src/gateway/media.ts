// Images and files that come inside a request, as base64. Remote addresses are refused: nothing here fetches anything.
import { LoricaError } from "../base/errors.ts";
import type { MediaRef } from "../base/envelope.ts";
import { limits } from "../base/limits.ts";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";
import type { Media } from "../store/store.ts";

export type PendingMedia = { readonly bytes: Uint8Array; readonly mime: string; readonly name: string };

/** The first bytes of each image type: what is said to be an image has to be one. */
const imageMarks: Readonly<Record<string, (bytes: Uint8Array) => boolean>> = {
  "image/png": (bytes) => startsWith(bytes, [0x89, 0x50, 0x4e, 0x47]),
  "image/jpeg": (bytes) => startsWith(bytes, [0xff, 0xd8, 0xff]),
  "image/gif": (bytes) => startsWith(bytes, [0x47, 0x49, 0x46, 0x38]),
  "image/webp": (bytes) => startsWith(bytes, [0x52, 0x49, 0x46, 0x46]) && startsWith(bytes.subarray(8), [0x57, 0x45]),
};

const fileTypes = ["text/plain", "text/markdown", "text/html", "text/csv", "application/json", "application/pdf"];

export function parseDataUrl(url: string, name: string): Parsed<PendingMedia> {
  const match = /^data:([a-z0-9.+-]+\/[a-z0-9.+-]+)(?:;[a-z0-9=.+-]+)*;base64,/i.exec(url.slice(0, 256));
  if (match === null) return rejected("only data: URLs with base64 content are accepted; nothing is fetched");
  return parseMedia(url.slice(match[0].length), (match[1] ?? "").toLowerCase(), name);
}

export function parseMedia(base64: string, mime: string, name: string): Parsed<PendingMedia> {
  const type = mime === "image/jpg" ? "image/jpeg" : mime;
  const isImage = imageMarks[type];
  if (isImage === undefined && !fileTypes.includes(type))
    return rejected(
      `${type || "no type"} is not accepted; these are: ${[...Object.keys(imageMarks), ...fileTypes].join(", ")}`,
    );
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(base64)) return rejected("the content is not base64");
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length === 0) return rejected("the content is empty");
  if (bytes.length > limits.attachmentMaxBytes)
    return rejected(`the content is larger than ${limits.attachmentMaxBytes} bytes`);
  if (isImage !== undefined && !isImage(bytes)) return rejected(`the content is not ${type}`);
  return parsed({ bytes, mime: type, name });
}

/** What came with an RPC request: base64, with or without a `data:` prefix. */
export function parseAttachments(
  attachments: readonly {
    readonly content: string;
    readonly mimeType?: string | undefined;
    readonly fileName?: string | undefined;
  }[],
): readonly PendingMedia[] {
  return attachments.map(({ content, mimeType, fileName }, index) => {
    const name = fileName ?? `attachment-${index + 1}`;
    const media = content.startsWith("data:") ? parseDataUrl(content, name) : parseMedia(content, mimeType ?? "", name);
    if (!media.ok) throw new LoricaError("invalid_request", `attachment ${index + 1}: ${media.reason}`);
    return media.value;
  });
}

export async function saveMedia(store: Media, pending: readonly PendingMedia[]): Promise<readonly MediaRef[]> {
  if (pending.length > limits.attachmentsMax)
    throw new LoricaError("too_large", `${pending.length} attachments; the limit is ${limits.attachmentsMax}`);
  const saved: MediaRef[] = [];
  for (const { bytes, mime, name } of pending) saved.push(await store.save(bytes, mime, name));
  return saved;
}

function startsWith(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, index) => bytes[index] === byte);
}
