// The texts in a file, whatever kind of file it is: what people would read in it, what stands in its metadata, and the names
// of what it holds. Everything is bounded, because a file says nothing true about its own size.
import { isUtf8 } from "node:buffer";
import { limits } from "../../base/limits.ts";
import { drawnTexts } from "./drawn-texts.ts";
import { inflateBounded } from "./inflate.ts";
import { isPdf, packedParts } from "./packed.ts";
import type { Part } from "./packed.ts";
import { printableRuns } from "./runs.ts";

export type FileTexts = {
  readonly texts: readonly string[];
  /** Why a part of it could not be looked into; undefined where all of it was. */
  readonly unread: string | undefined;
};

/** Also for a text that is none of ours to change: undefined where the bytes are no text. */
export function decodeText(bytes: Uint8Array): string | undefined {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  if (bytes.includes(0) || isPdf(bytes) || !isUtf8(bytes)) return undefined;
  return new TextDecoder().decode(bytes);
}

type Open = { readonly bytes: Uint8Array; readonly depth: number; readonly isPage: boolean };

export async function readTexts(bytes: Uint8Array, signal: AbortSignal): Promise<FileTexts> {
  const room = { bytes: limits.dlpFileReadMaxBytes, parts: limits.dlpFilePartsMax };
  const texts: string[] = [];
  let unread: string | undefined;
  const open: Open[] = [{ bytes, depth: 0, isPage: false }];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    texts.push(...(await ownTexts(file)));
    unread ??= sealedKind(file.bytes);
    for (const part of packedParts(file.bytes)) {
      signal.throwIfAborted();
      room.parts -= 1;
      if (room.parts < 0) return { texts, unread: "it holds too many parts" };
      if (part.name !== undefined) texts.push(part.name);
      const read = await unpack(part, { depth: file.depth, bytesMax: room.bytes });
      room.bytes -= read.spent;
      if (read.unread !== undefined) unread ??= read.unread;
      if (read.bytes === undefined) continue;
      const isPage = part.kind === "packed" && part.isPage === true;
      open.push({ bytes: read.bytes, depth: file.depth + 1, isPage });
    }
  }
  return { texts: texts.filter((text) => text !== ""), unread };
}

type Unpacked = { readonly bytes?: Uint8Array; readonly unread?: string; readonly spent: number };

async function unpack(
  part: Part,
  { depth, bytesMax }: { readonly depth: number; readonly bytesMax: number },
): Promise<Unpacked> {
  if (part.kind === "sealed") return { unread: part.why, spent: 0 };
  if (depth >= limits.dlpFileDepthMax) return { unread: "it is packed too many times over", spent: 0 };
  const { bytes, spent } = await inflateBounded(part.bytes, part.coding, bytesMax);
  if (bytes === "too much") return { unread: "there is too much in it", spent };
  // What begins like a packed part and is none was found by its first bytes alone.
  return bytes === undefined ? { spent } : { bytes, spent };
}

/** The file's own bytes, read as text where they are one, and what of them can be read where they are not. */
async function ownTexts({ bytes, isPage }: Open): Promise<readonly string[]> {
  const text = decodeText(bytes);
  const read = text === undefined ? await printableRuns(bytes) : [text, ...withoutTags(text)];
  return isPage || isPdf(bytes) ? [...read, ...drawnTexts(Buffer.from(bytes).toString("latin1"))] : read;
}

/** A page, a document or a sheet, as it is read: a word may have tags in the middle. */
function withoutTags(text: string): readonly string[] {
  return text.includes("<") && text.includes(">") ? [text.replace(/<[^<>]*>/g, "")] : [];
}

const sealedKinds: readonly (readonly [beginning: string, kind: string])[] = [
  ["7z\xbc\xaf\x27\x1c", "a 7z archive"],
  ["Rar!\x1a\x07", "a RAR archive"],
  ["\xfd7zXZ\0", "an xz archive"],
  ["\x28\xb5\x2f\xfd", "a zstd archive"],
  ["BZh", "a bzip2 archive"],
  ["\x04\x22\x4d\x18", "an LZ4 archive"],
  ["age-encryption.org/", "an encrypted file"],
  ["-----BEGIN AGE ENCRYPTED FILE", "an encrypted file"],
  ["-----BEGIN PGP MESSAGE", "an encrypted file"],
  ["Salted__", "an encrypted file"],
];

/** Why nobody can look into it, as far as its first bytes say so. */
export function sealedKind(bytes: Uint8Array): string | undefined {
  const kind = sealedKinds.find(([beginning]) => startsWith(bytes, beginning))?.[1];
  if (kind !== undefined) return `it is ${kind}`;
  const isEncrypted = isPdf(bytes) && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes("/Encrypt");
  return isEncrypted ? "it is an encrypted PDF" : undefined;
}

function startsWith(bytes: Uint8Array, beginning: string): boolean {
  for (let at = 0; at < beginning.length; at++) if (bytes[at] !== beginning.charCodeAt(at)) return false;
  return true;
}
