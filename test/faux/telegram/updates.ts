// Telegram's side of updates: kept until a later one is asked for, handed to one poller, or delivered to a webhook.
export type Update = { readonly update_id: number; readonly [key: string]: unknown };

export type Updates = {
  add(content: Record<string, unknown>): number;
  /** As Telegram gives it: any JSON, for updates that nobody would expect. */
  addRaw(update: Update): void;
  /** Holds the request until there is something, or the time is over, or another poller comes. */
  poll(ask: {
    readonly offset: number;
    readonly limit: number;
    readonly seconds: number;
  }): Promise<readonly Update[] | "conflict">;
  waiting(): readonly number[];
  /** Resolves once everything before and with it was confirmed. */
  confirmed(updateId: number): Promise<void>;
  onAdded(listener: () => void): void;
  remove(updateId: number): void;
  first(): Update | undefined;
  /** Ends every poll, as a server does that stops. */
  end(): void;
};

export function createUpdates(firstId: number): Updates {
  const kept: Update[] = [];
  const confirmations: { readonly id: number; readonly resolve: () => void }[] = [];
  const listeners: (() => void)[] = [];
  let nextId = firstId;
  let confirmedBefore = firstId;
  let poller: ((verdict: "conflict" | "look") => void) | undefined;

  const added = (): void => {
    poller?.("look");
    for (const listener of listeners) listener();
  };
  const confirm = (before: number): void => {
    confirmedBefore = Math.max(confirmedBefore, before);
    while (kept[0] !== undefined && kept[0].update_id < before) kept.shift();
    for (const { id, resolve } of confirmations) if (id < before) resolve();
  };
  return {
    add(content) {
      const id = nextId;
      nextId += 1;
      kept.push({ update_id: id, ...content });
      added();
      return id;
    },
    addRaw(update) {
      kept.push(update);
      nextId = Math.max(nextId, update.update_id + 1);
      added();
    },
    async poll({ offset, limit, seconds }) {
      poller?.("conflict");
      confirm(offset);
      const until = Date.now() + seconds * 1_000;
      while (kept.length === 0 && Date.now() < until) {
        const { promise, resolve } = Promise.withResolvers<"conflict" | "look">();
        const timer = setTimeout(resolve, until - Date.now(), "look");
        poller = resolve;
        const verdict = await promise;
        clearTimeout(timer);
        if (verdict === "conflict") return "conflict";
      }
      poller = undefined;
      return kept.slice(0, limit);
    },
    waiting: () => kept.map(({ update_id: id }) => id),
    async confirmed(id) {
      if (id < confirmedBefore) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      confirmations.push({ id, resolve });
      await promise;
    },
    onAdded: (listener) => void listeners.push(listener),
    remove: (id) => confirm(id + 1),
    first: () => kept[0],
    end: () => poller?.("conflict"),
  };
}
