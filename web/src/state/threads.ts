// Which conversation is shown, and the few whose messages stay in the page so that going back to one is instant.
import { signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import type { Call } from "../wire/frames.ts";
import { showSessionInAddress } from "./address.ts";
import { createThread } from "./thread.ts";
import type { Thread } from "./thread.ts";

export type Threads = {
  readonly shown: ReadonlySignal<Thread | undefined>;
  show(key: string, how: "push" | "replace"): void;
  /** Reads the shown one again and forgets the others: something was missed. */
  refresh(): Promise<void>;
  forget(key: string): void;
  hear(event: string, payload: unknown): void;
};

const heldMax = 6;

export function createThreads(call: Call): Threads {
  const held = new Map<string, Thread>();
  const shown = signal<Thread | undefined>(undefined);
  return {
    shown,
    show(key, how) {
      const thread = held.get(key) ?? createThread({ key, call });
      held.delete(key);
      held.set(key, thread);
      const [oldest] = held.keys();
      if (held.size > heldMax && oldest !== undefined) held.delete(oldest);
      shown.value = thread;
      showSessionInAddress(key, how);
      void thread.refresh();
    },
    async refresh() {
      for (const [key, thread] of held) if (thread !== shown.value) held.delete(key);
      await shown.value?.refresh();
    },
    forget: (key) => void held.delete(key),
    hear(event, payload) {
      const key = (payload as { readonly sessionKey?: unknown } | undefined)?.sessionKey;
      if (typeof key === "string") held.get(key)?.hear(event, payload);
    },
  };
}
