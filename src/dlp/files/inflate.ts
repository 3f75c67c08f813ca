// Unpacks, up to a bound. What is cut off at its end, or is no packed text at all, gives what there is of it or nothing.
import { constants, gunzip, inflate, inflateRaw } from "node:zlib";
import { promisify } from "node:util";

export type Coding = "gzip" | "zlib" | "deflate";

const codings = { gzip: promisify(gunzip), zlib: promisify(inflate), deflate: promisify(inflateRaw) };

/** Undefined where it cannot be unpacked. */
export async function inflateBounded(
  bytes: Uint8Array,
  coding: Coding,
  maxBytes: number,
): Promise<Uint8Array | "too much" | undefined> {
  if (maxBytes <= 0) return "too much";
  try {
    // A stream that lacks its end is read as far as it goes.
    return await codings[coding](bytes, { maxOutputLength: maxBytes, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ERR_BUFFER_TOO_LARGE") return "too much";
    // Expected: its first bytes only looked like it, or it is damaged, and nobody else can unpack it either.
    if (typeof code === "string" && code.startsWith("Z_")) return undefined;
    throw error;
  }
}
