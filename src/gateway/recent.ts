// A map that forgets: the oldest entry goes when it is full, and each after its time (GW-042).
export type Recent<V> = {
  find(key: string): V | undefined;
  add(key: string, value: V): void;
  remove(key: string): void;
  size(): number;
};

export function createRecent<V>(bounds: {
  readonly entriesMax: number;
  readonly windowMs: number;
  readonly now: () => number;
}): Recent<V> {
  // Insertion order is age, because adding a key again moves it to the end.
  const entries = new Map<string, { readonly value: V; readonly until: number }>();

  function dropOld(): void {
    const now = bounds.now();
    for (const [key, entry] of entries) {
      if (entries.size <= bounds.entriesMax && entry.until > now) return;
      entries.delete(key);
    }
  }

  return {
    find(key) {
      const entry = entries.get(key);
      return entry === undefined || entry.until <= bounds.now() ? undefined : entry.value;
    },
    add(key, value) {
      entries.delete(key);
      entries.set(key, { value, until: bounds.now() + bounds.windowMs });
      dropOld();
    },
    remove(key) {
      entries.delete(key);
    },
    size: () => entries.size,
  };
}
