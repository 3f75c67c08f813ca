// Tells what is written to transcripts, to whoever keeps a copy or shows it to people. The database is the record: a
// listener hears of an entry once it is stored, and can neither change nor delay it.
import type { Entry, Store } from "../store/store.ts";

export type TranscriptListener = (entries: readonly Entry[]) => void;

/** The same store; what is written to a transcript through it is also told. */
export function observeTranscript(store: Store, tell: TranscriptListener): Store {
  const seen = (entries: readonly Entry[]): readonly Entry[] => {
    if (entries.length > 0) tell(entries);
    return entries;
  };
  return {
    ...store,
    transcript: {
      ...store.transcript,
      append: async (...appended) => seen(await store.transcript.append(...appended)),
    },
    turns: {
      ...store.turns,
      async begin(turn, entries) {
        const begun = await store.turns.begin(turn, entries);
        seen(begun.entries);
        return begun;
      },
      join: async (id, inboxIds, entries) => seen(await store.turns.join(id, inboxIds, entries)),
      finish: async (id, end) => seen(await store.turns.finish(id, end)),
    },
  };
}

export type TranscriptWatch = {
  readonly store: Store;
  watch(listener: TranscriptListener): () => void;
};

export function createTranscriptWatch(store: Store): TranscriptWatch {
  const listeners = new Set<TranscriptListener>();
  return {
    store: observeTranscript(store, (entries) => {
      for (const listener of listeners) listener(entries);
    }),
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
