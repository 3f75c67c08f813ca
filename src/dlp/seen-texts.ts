// Texts that were looked through and held nothing. A conversation goes to its model again with every message, and only its
// end is new: what was found of the very same bytes, with the very same values, needs no second look.
import { hash } from "node:crypto";
import { limits } from "../base/limits.ts";
import type { KnownValues } from "./known/known.ts";

/** What was found of a text in which nothing counts: from where on it could be the beginning of a value. */
export type SeenTexts = {
  openAt(digest: string): number | undefined;
  keep(digest: string, openAt: number): void;
};

/** Of one way of counting what is found. Holds digests only, and none that is older than the newest value. */
export function createSeenTexts(known: Pick<KnownValues, "version">): SeenTexts & { readonly size: () => number } {
  // Least recently used first.
  const seen = new Map<string, number>();
  let version = known.version();
  const fresh = (): Map<string, number> => {
    if (version !== known.version()) seen.clear();
    version = known.version();
    return seen;
  };
  const keep = (digest: string, openAt: number): void => {
    fresh().delete(digest);
    seen.set(digest, openAt);
    if (seen.size <= limits.dlpSeenTextsMax) return;
    for (const oldest of seen.keys()) {
      seen.delete(oldest);
      break;
    }
  };
  return {
    openAt(digest) {
      const openAt = fresh().get(digest);
      if (openAt !== undefined) keep(digest, openAt);
      return openAt;
    },
    keep,
    size: () => fresh().size,
  };
}

/** Nobody can make another text with it. */
export function digestOf(bytes: Uint8Array): string {
  return hash("sha256", bytes, "base64");
}
