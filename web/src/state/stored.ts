// What the gateway has stored of one conversation, as far as the page has read it.
import { batch, signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import type { ClientMessage } from "../../../src/protocol/shapes.ts";
import { CallFailed } from "../wire/frames.ts";
import type { Call } from "../wire/frames.ts";

export type Stored = {
  readonly messages: ReadonlySignal<readonly ClientMessage[]>;
  readonly activeRun: ReadonlySignal<string | undefined>;
  readonly isLoaded: ReadonlySignal<boolean>;
  readonly hasOlder: ReadonlySignal<boolean>;
  readonly problem: ReadonlySignal<string | undefined>;
  /** What is new, or everything where that cannot be told. Asked for again meanwhile, it reads once more. */
  refresh(): Promise<void>;
  loadOlder(): Promise<void>;
  setActiveRun(runId: string | undefined): void;
};

const pageSize = 60;

/** `onRead` runs together with the change, so that nothing is shown twice in between. */
export function createStored(deps: { readonly key: string; readonly call: Call; readonly onRead: () => void }): Stored {
  const { key, call } = deps;
  const messages = signal<readonly ClientMessage[]>([]);
  const activeRun = signal<string | undefined>(undefined);
  const isLoaded = signal(false);
  const hasOlder = signal(false);
  const problem = signal<string | undefined>(undefined);
  let cursor: string | undefined;
  let reading: Promise<void> | undefined;
  let isStale = false;

  async function read(): Promise<void> {
    const from = cursor === undefined ? { limit: pageSize } : { cursor };
    const answer = await call("chat.history", { sessionKey: key, ...from });
    if ("kind" in answer && answer.kind === "reset") {
      cursor = undefined;
      return read();
    }
    batch(() => {
      if (!("kind" in answer)) hasOlder.value = answer.hasMore;
      messages.value =
        "kind" in answer ? [...messages.value, ...answer.messages.map(({ message }) => message)] : answer.messages;
      cursor = answer.deltaCursor;
      activeRun.value = answer.inFlightRun?.runId;
      isLoaded.value = true;
      problem.value = undefined;
      deps.onRead();
    });
  }

  async function readUntilFresh(): Promise<void> {
    try {
      while (isStale) {
        isStale = false;
        await read();
      }
    } catch (cause) {
      // After a lost connection the page reads again by itself as soon as there is a new one.
      if (!(cause instanceof CallFailed)) throw cause;
      if (!cause.isLost) problem.value = cause.message;
    } finally {
      reading = undefined;
    }
  }

  return {
    messages,
    activeRun,
    isLoaded,
    hasOlder,
    problem,
    refresh() {
      isStale = true;
      reading ??= readUntilFresh();
      return reading;
    },
    async loadOlder() {
      const answer = await call("chat.history", { sessionKey: key, limit: pageSize, offset: messages.value.length });
      if ("kind" in answer) return;
      const known = new Set(messages.value.map(({ __openclaw }) => __openclaw.id));
      messages.value = [...answer.messages.filter(({ __openclaw }) => !known.has(__openclaw.id)), ...messages.value];
      hasOlder.value = answer.hasMore && answer.messages.length > 0;
    },
    setActiveRun(runId) {
      activeRun.value = runId;
    },
  };
}
