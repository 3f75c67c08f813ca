// Searches bytes for many texts in many spellings in one pass: every text is at least as long as two strides, so that a look
// at every eighth byte is enough to come upon it.
import { coreOf, spellings } from "./canaries.ts";

const stride = 8;

export type Hit = { readonly value: string; readonly spelling: string };
type Pattern = Hit & { readonly bytes: Buffer };
type Anchor = { readonly pattern: Pattern; readonly shift: number };

export type Search = {
  (bytes: Buffer): readonly Hit[];
  /** Bytes of the longest text: what was cut in two is found where pieces share that many. */
  readonly overlap: number;
};

export function createSearch(values: readonly string[]): Search {
  const patterns = values.flatMap((value) =>
    Object.entries(spellings).flatMap(([spelling, spell]) =>
      spell(coreOf(value)).map((bytes): Pattern => ({ value, spelling, bytes })),
    ),
  );
  const anchors = new Map<number, Anchor[]>();
  for (const pattern of patterns)
    for (let shift = 0; shift < stride; shift++) {
      const key = pattern.bytes.readUInt32LE(shift);
      const there = anchors.get(key);
      if (there === undefined) anchors.set(key, [{ pattern, shift }]);
      else there.push({ pattern, shift });
    }
  const known = new Uint8Array(1 << 21);
  const slot = (word: number): number => Math.imul(word, 0x9e3779b1) >>> 11;
  for (const key of anchors.keys()) known[slot(key)] = 1;
  const overlap = Math.max(...patterns.map(({ bytes }) => bytes.length));
  const search = (bytes: Buffer): readonly Hit[] => {
    const found = new Map<string, Hit>();
    for (let at = 0; at + 4 <= bytes.length; at += stride) {
      const word = bytes.readUInt32LE(at);
      if (known[slot(word)] === 0) continue;
      for (const { pattern, shift } of anchors.get(word) ?? [])
        if (isAt(bytes, at - shift, pattern.bytes)) found.set(`${pattern.value} ${pattern.spelling}`, pattern);
    }
    return [...found.values()].map(({ value, spelling }) => ({ value, spelling }));
  };
  return Object.assign(search, { overlap });
}

function isAt(bytes: Buffer, from: number, wanted: Buffer): boolean {
  return (
    from >= 0 &&
    from + wanted.length <= bytes.length &&
    bytes.compare(wanted, 0, wanted.length, from, from + wanted.length) === 0
  );
}
