// Chance that can be had again: the same seed draws the same lots.
import { randomInt } from "node:crypto";

export type Lots = {
  readonly seed: number;
  /** From 0 up to and without 1. */
  readonly part: () => number;
  /** What one byte is changed by: never by nothing. */
  readonly mask: () => number;
  /** A text of base64 with one character changed to another one of its alphabet. */
  readonly flip: (text: string) => string;
};

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function createLots(given: string | undefined): Lots {
  const seed = given === undefined ? randomInt(2 ** 31) : Number(given);
  let state = seed;
  // Mulberry32: small, and good enough to choose places.
  const part = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const upTo = (count: number): number => Math.floor(part() * count);
  return {
    seed,
    part,
    mask: () => 1 + upTo(255),
    flip(text) {
      const at = upTo(text.length);
      const next = (alphabet.indexOf(text[at] ?? "") + 1 + upTo(63)) % 64;
      return text.slice(0, at) + alphabet[next] + text.slice(at + 1);
    },
  };
}
