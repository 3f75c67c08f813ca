// How age writes its keys down: Bech32, whose checksum catches a mistyped letter.
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";

const alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const checksumLength = 6;

export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  const words = regroup(bytes, 8, 5) ?? [];
  const checksum = checksumOf(prefix, [...words, 0, 0, 0, 0, 0, 0]) ^ 1;
  const tail = Array.from({ length: checksumLength }, (_, at) => (checksum >>> (5 * (checksumLength - 1 - at))) & 31);
  return `${prefix}1${[...words, ...tail].map((word) => alphabet[word]).join("")}`;
}

/** The bytes behind `<prefix>1…`, all in one case. */
export function parseBech32(prefix: string, text: string): Parsed<Uint8Array> {
  if (text !== text.toLowerCase() && text !== text.toUpperCase()) return rejected("mixes capitals and small letters");
  const lower = text.toLowerCase();
  if (!lower.startsWith(`${prefix}1`)) return rejected(`does not begin with ${prefix}1`);
  const words = Array.from(lower.slice(prefix.length + 1), (letter) => alphabet.indexOf(letter));
  if (words.includes(-1) || words.length < checksumLength) return rejected("holds a letter that no key has");
  if (checksumOf(prefix, words) !== 1) return rejected("is mistyped: its checksum does not match");
  const bytes = regroup(words.slice(0, -checksumLength), 5, 8);
  return bytes === undefined ? rejected("is cut off") : parsed(Uint8Array.from(bytes));
}

function checksumOf(prefix: string, words: readonly number[]): number {
  const letters = [...prefix].map((letter) => letter.codePointAt(0) ?? 0);
  const all = [...letters.map((code) => code >>> 5), 0, ...letters.map((code) => code & 31), ...words];
  return all.reduce((sum, word) => {
    const shifted = ((sum & 0x1ffffff) << 5) ^ word;
    return generators.reduce((mixed, generator, at) => ((sum >>> (25 + at)) & 1 ? mixed ^ generator : mixed), shifted);
  }, 1);
}

/** Bits in groups of another size. Undefined where the rest is no padding. */
function regroup(values: Iterable<number>, from: number, to: number): number[] | undefined {
  const out: number[] = [];
  let bits = 0;
  let held = 0;
  for (const value of values) {
    held = (held << from) | value;
    bits += from;
    while (bits >= to) {
      bits -= to;
      out.push((held >>> bits) & ((1 << to) - 1));
    }
    held &= (1 << bits) - 1;
  }
  if (to < from) {
    if (bits > 0) out.push((held << (to - bits)) & ((1 << to) - 1));
    return out;
  }
  return bits >= from || held !== 0 ? undefined : out;
}
