// Runs that were asked for and are not stored yet: whoever cancels what runs in a session means these as well.

export type Beginning = {
  /** Does `work`, which begins a run in the session. */
  begin<T>(sessionKey: string, work: () => Promise<T>): Promise<T>;
  /** Resolves once whatever was beginning there when it was called is stored or refused. */
  settled(sessionKey: string): Promise<void>;
};

export function createBeginning(): Beginning {
  const sessions = new Map<string, Set<Promise<unknown>>>();
  return {
    async begin(sessionKey, work) {
      const here = sessions.get(sessionKey) ?? new Set();
      const begun = work();
      sessions.set(sessionKey, here.add(begun));
      try {
        return await begun;
      } finally {
        here.delete(begun);
        if (here.size === 0 && sessions.get(sessionKey) === here) sessions.delete(sessionKey);
      }
    },
    async settled(sessionKey) {
      await Promise.allSettled(sessions.get(sessionKey) ?? []);
    },
  };
}
