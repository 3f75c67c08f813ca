// Waiting for something to become true, without asking again and again.
export type Waits = { until<T>(find: () => T | undefined): Promise<T>; notify(): void };

export function createWaits(): Waits {
  const waiters = new Set<() => void>();
  return {
    async until(find) {
      const { promise, resolve } = Promise.withResolvers<NonNullable<ReturnType<typeof find>>>();
      const check = (): void => {
        const found = find();
        if (found !== undefined && found !== null) resolve(found);
      };
      waiters.add(check);
      check();
      return promise.finally(() => waiters.delete(check));
    },
    notify() {
      for (const check of waiters) check();
    },
  };
}
