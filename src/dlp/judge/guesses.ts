// Whoever is told what was found in a text can ask about one guess after the other. All of a value cannot be guessed, but
// from a part of it the next letter can, and then the one behind it. So parts are counted: nobody comes upon several of
// them by accident, and after a few there are no more answers.
import type { Clock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { Finding } from "../find/finding.ts";

export type Guesses = {
  /** Throws while somebody seems to be guessing. */
  check(): void;
  /** Parts of values were found, and whoever asked will know. */
  count(findings: readonly Finding[]): void;
  isOver(): boolean;
  /** The owner knows of it. */
  forget(): void;
};

export function createGuesses(clock: Clock, onGuessing: () => void): Guesses {
  /** Each part once, however often it comes, with when it came first. */
  const parts = new Map<string, number>();
  let isOver = false;
  return {
    check() {
      if (isOver)
        throw new LoricaError(
          "forbidden",
          "parts of values from the vault came up too often, as if somebody were guessing at them; nothing leaves until the owner has looked: lorica dlp list, then lorica dlp allow ID",
        );
    },
    count(findings) {
      const now = clock.now();
      for (const [part, at] of parts) if (now - at >= limits.dlpPartsMs) parts.delete(part);
      for (const part of partsIn(findings)) if (!parts.has(part)) parts.set(part, now);
      if (isOver || parts.size <= limits.dlpPartsMax) return;
      isOver = true;
      onGuessing();
    },
    isOver: () => isOver,
    forget() {
      parts.clear();
      isOver = false;
    },
  };
}

/** Once for each place: what is seen there in two spellings, or as part of a whole value, tells nothing more. */
function partsIn(findings: readonly Finding[]): readonly string[] {
  const parts: string[] = [];
  let seenTo = -1;
  const own = findings.filter(({ rule }) => rule === "vault.value" || rule === "vault.split");
  const inOrder = own.toSorted((left, right) => left.start - right.start || right.end - left.end);
  for (const { end, part } of inOrder) {
    if (part !== undefined && end > seenTo) parts.push(part);
    seenTo = Math.max(seenTo, end);
  }
  return parts;
}
