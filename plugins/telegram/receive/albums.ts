// Pictures that were sent together arrive one by one. They are gathered for a moment; until they are stored, none of
// them is confirmed, so a process that ends here is given all of them again.
import { setTimeout as delay } from "node:timers/promises";
import { limits } from "../../../src/base/limits.ts";
import type { Incoming } from "./envelope.ts";

type Album = {
  readonly parts: Incoming[];
  readonly full: () => void;
  /** Every part, once no more are waited for. */
  readonly whole: Promise<readonly Incoming[]>;
  /** Resolves when the album is stored. */
  readonly done: Promise<void>;
  readonly settle: (stored: Promise<void>) => Promise<void>;
};

export type Albums = { join(key: string, part: Incoming): Album & { readonly isNew: boolean } };

export function createAlbums(signal: AbortSignal): Albums {
  const open = new Map<string, Album>();
  return {
    join(key, part) {
      const known = open.get(key);
      const album = known ?? begin(() => open.delete(key), signal);
      open.set(key, album);
      album.parts.push(part);
      if (album.parts.length >= limits.telegramAlbumMessagesMax) album.full();
      return { ...album, isNew: known === undefined };
    },
  };
}

function begin(close: () => void, signal: AbortSignal): Album {
  const parts: Incoming[] = [];
  const { promise: isFull, resolve: full } = Promise.withResolvers<void>();
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  // Only the parts that came later wait for it, and there may be none.
  done.catch(ignoreUnheard);
  const gather = async (): Promise<readonly Incoming[]> => {
    const ending = new AbortController();
    const waiting = AbortSignal.any([ending.signal, signal]);
    await Promise.race([
      delay(limits.telegramAlbumWaitMs, undefined, { signal: waiting }).catch(ignoreUnheard),
      isFull,
    ]);
    ending.abort();
    close();
    return parts;
  };
  const settle = async (stored: Promise<void>): Promise<void> => {
    await stored.then(resolve, reject);
    return done;
  };
  return { parts, full, whole: gather(), done, settle };
}

/** That nobody waits is no failure. */
function ignoreUnheard(): void {}
