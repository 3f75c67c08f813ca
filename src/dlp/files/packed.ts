// Where in a file something packed begins: the members of a zip (documents, sheets and books are ones too), a gzip stream,
// the streams of a PDF, the packed texts of a PNG. Found by how they begin wherever that is, not by the file's own table
// of contents, which may leave some out.
import { limits } from "../../base/limits.ts";
import type { Coding } from "./inflate.ts";

export type Part = { readonly name?: string | undefined } & (
  | {
      readonly kind: "packed";
      readonly coding: Coding;
      /** From its beginning to the end of the file: how long it is only unpacking tells. */
      readonly bytes: Uint8Array;
      /** What a page of a PDF draws. */
      readonly isPage?: boolean;
    }
  | { readonly kind: "sealed"; readonly why: string }
);

export function* packedParts(bytes: Uint8Array): Generator<Part> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length > 18 && file[0] === 0x1f && file[1] === 0x8b) yield { kind: "packed", coding: "gzip", bytes: file };
  if (file.subarray(0, 8).equals(pngHead)) yield* pngTexts(file);
  if (isPdf(file)) yield* pdfStreams(file);
  yield* zipMembers(file);
}

/** Anywhere among the first bytes, as programs that show them take it. */
export function isPdf(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(1_024, bytes.byteLength)).includes("%PDF");
}

const memberHead = Buffer.from("PK\x03\x04", "latin1");
const memberHeadBytes = 30;

function* zipMembers(file: Buffer): Generator<Part> {
  for (let at = file.indexOf(memberHead); at >= 0; at = file.indexOf(memberHead, at + 4)) {
    if (at + memberHeadBytes > file.length) return;
    const flags = file.readUInt16LE(at + 6);
    const method = file.readUInt16LE(at + 8);
    const nameBytes = file.readUInt16LE(at + 26);
    const from = at + memberHeadBytes + nameBytes + file.readUInt16LE(at + 28);
    const name = file.toString("utf8", at + memberHeadBytes, at + memberHeadBytes + nameBytes);
    if ((flags & 1) === 1) yield { kind: "sealed", name, why: "a file in it is encrypted" };
    else if (method === 8) yield { kind: "packed", name, coding: "deflate", bytes: file.subarray(from) };
    // One that is not packed is read where it stands.
    else if (method !== 0)
      yield { kind: "sealed", name, why: `a file in it is packed in a way (${method}) that is not known` };
  }
}

/** So far in front of a stream its own description may begin. */
const dictionaryMaxBytes = 2_048;
/** Ten times as many as are unpacked. Behind them a description is looked for no further back than the stream before. */
const dictionariesMax = 10 * limits.dlpFilePartsMax;

function* pdfStreams(file: Buffer): Generator<Part> {
  let seen = 0;
  let before = 0;
  for (let at = file.indexOf("stream"); at >= 0; at = file.indexOf("stream", at + 6)) {
    const begin = Math.max(at - dictionaryMaxBytes, (seen += 1) > dictionariesMax ? before : 0);
    before = at + 6;
    if (file.toString("latin1", at - 3, at) === "end") continue;
    const head = file.toString("latin1", begin, at);
    const dictionary = head.slice(head.lastIndexOf(" obj") + 1);
    if (!/\/(?:FlateDecode|Fl)\b/.test(dictionary)) continue;
    const from = at + 6 + (file[at + 6] === 0x0d ? 2 : 1);
    yield { kind: "packed", coding: "zlib", bytes: file.subarray(from), isPage: true };
  }
}

const pngHead = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

function* pngTexts(file: Buffer): Generator<Part> {
  for (let at = pngHead.length; at + 12 <= file.length;) {
    const length = file.readUInt32BE(at);
    const kind = file.toString("latin1", at + 4, at + 8);
    const data = file.subarray(at + 8, at + 8 + length);
    const packed =
      kind === "zTXt" ? afterZeros(data, 1, 1) : kind === "iTXt" && isPacked(data) ? afterZeros(data, 3, 0) : undefined;
    if (packed !== undefined) yield { kind: "packed", coding: "zlib", bytes: packed };
    at += 12 + length;
  }
}

/** In `iTXt` a byte behind the keyword says so; two more words follow, each with a zero at its end. */
function isPacked(data: Buffer): boolean {
  return data[data.indexOf(0) + 1] === 1;
}

function afterZeros(data: Buffer, zeros: number, more: number): Buffer | undefined {
  let at = data.indexOf(0);
  if (at < 0) return undefined;
  // The flag and the method of `iTXt` stand behind the first zero, and may be zeros themselves.
  if (zeros > 1) at += 2;
  for (let seen = 1; seen < zeros; seen++) {
    at = data.indexOf(0, at + 1);
    if (at < 0) return undefined;
  }
  return data.subarray(at + 1 + more);
}
