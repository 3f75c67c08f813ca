// Unpacks, up to a bound. What is cut off at its end, or is no packed text at all, gives what there is of it or nothing.
import { constants, createGunzip, createInflate, createInflateRaw } from "node:zlib";

export type Coding = "gzip" | "zlib" | "deflate";

const codings = { gzip: createGunzip, zlib: createInflate, deflate: createInflateRaw };

export type Inflated = {
  /** Undefined where it cannot be unpacked. */
  readonly bytes: Uint8Array | "too much" | undefined;
  /** How much came of it, also where that was of no use: a file can be made of parts that break off at their end. */
  readonly spent: number;
};

export async function inflateBounded(bytes: Uint8Array, coding: Coding, maxBytes: number): Promise<Inflated> {
  if (maxBytes <= 0) return { bytes: "too much", spent: 0 };
  // A stream that lacks its end is read as far as it goes.
  const stream = codings[coding]({ finishFlush: constants.Z_SYNC_FLUSH, chunkSize: 65_536 });
  const chunks: Buffer[] = [];
  let spent = 0;
  stream.end(bytes);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      spent += chunk.length;
      if (spent > maxBytes) return { bytes: "too much", spent };
      chunks.push(chunk);
    }
    return { bytes: Buffer.concat(chunks), spent };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // Expected: its first bytes only looked like it, or it is damaged, and nobody else can unpack it either.
    if (typeof code === "string" && code.startsWith("Z_")) return { bytes: undefined, spent };
    throw error;
  } finally {
    stream.destroy();
  }
}
