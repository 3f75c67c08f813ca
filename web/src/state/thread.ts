// One conversation: what is stored of it, what was sent, what is happening, and keeping these three together.
import { computed, signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import type { Call } from "../wire/frames.ts";
import type { Attachment } from "./attachments.ts";
import { follow } from "./live.ts";
import type { AgentEvent } from "./live.ts";
import { createOutgoing } from "./outgoing.ts";
import { createStored } from "./stored.ts";
import type { Stored } from "./stored.ts";
import { buildTimeline } from "./timeline.ts";
import type { Item, LiveRun } from "./timeline.ts";

export type Thread = Pick<Stored, "isLoaded" | "hasOlder" | "problem" | "loadOlder"> & {
  readonly key: string;
  readonly items: ReadonlySignal<readonly Item[]>;
  readonly isRunning: ReadonlySignal<boolean>;
  /** Reads what is new, and sends what a lost connection has kept back. */
  refresh(): Promise<void>;
  send(text: string, files: readonly Attachment[]): Promise<void>;
  /** Again what was not sent, under its old key, or what failed, under a new one. */
  retry(id: string): Promise<void>;
  discard(id: string): void;
  stop(): Promise<void>;
  hear(event: string, payload: unknown): void;
};

type ChatEvent = { readonly runId: string; readonly state: string; readonly errorMessage?: string };

/** Late events of a run that is over are few, and soon after its end. */
const endedMax = 64;

export function createThread(deps: { readonly key: string; readonly call: Call }): Thread {
  const { key, call } = deps;
  const runs = signal<readonly LiveRun[]>([]);
  const failures = signal<readonly Item[]>([]);
  const ended = new Set<string>();
  const stored = createStored({ key, call, onRead: settle });
  const outgoing = createOutgoing({ sessionKey: key, call });

  /** What is stored now need not be held any longer. */
  function settle(): void {
    const keys = stored.messages.value.map((message) => String(message["idempotencyKey"]).replace(/:user$/, ""));
    outgoing.settle(new Set(keys));
    // The end of a run may have been missed together with its other events.
    const isIdle = stored.activeRun.value === undefined;
    runs.value = isIdle ? [] : runs.value.filter(({ runId }) => !ended.has(runId));
  }

  function hearChat({ runId, state, errorMessage }: ChatEvent): void {
    if (state !== "final" && state !== "aborted" && state !== "error") return;
    remember(ended, runId);
    if (stored.activeRun.value === runId) stored.setActiveRun(undefined);
    if (state === "error") failures.value = [{ kind: "error", id: `${runId}.error`, text: errorMessage ?? "", runId }];
    void stored.refresh();
  }

  function hearAgent(event: AgentEvent): void {
    if (ended.has(event.runId)) return;
    if (event.stream === "lifecycle" && event.data["phase"] === "start") {
      stored.setActiveRun(event.runId);
      failures.value = [];
      // The message that began it is stored by now, wherever it was sent from.
      void stored.refresh();
    }
    runs.value = followAmong(runs.value, event);
  }

  return {
    key,
    items: computed(() => buildTimeline(stored.messages.value, outgoing.sent.value, runs.value).concat(failures.value)),
    isRunning: computed(
      () => stored.activeRun.value !== undefined || outgoing.sent.value.some(({ state }) => state === "waiting"),
    ),
    isLoaded: stored.isLoaded,
    hasOlder: stored.hasOlder,
    problem: stored.problem,
    loadOlder: stored.loadOlder,
    async refresh() {
      await stored.refresh();
      await outgoing.resend();
    },
    send: outgoing.send,
    async retry(id) {
      if (await outgoing.retry(id)) return;
      failures.value = [];
      const asked = stored.messages.value.find((message) => message["idempotencyKey"] === `${id}:user`)?.content;
      if (typeof asked === "string") await outgoing.send(asked, []);
    },
    discard: outgoing.discard,
    async stop() {
      await call("chat.abort", { sessionKey: key });
    },
    hear(event, payload) {
      if (event === "chat") hearChat(payload as ChatEvent);
      if (event === "agent") hearAgent(payload as AgentEvent);
      if (event === "sessions.changed") void stored.refresh();
    },
  };
}

function remember(ended: Set<string>, runId: string): void {
  ended.add(runId);
  const [oldest] = ended;
  if (ended.size > endedMax && oldest !== undefined) ended.delete(oldest);
}

function followAmong(runs: readonly LiveRun[], event: AgentEvent): readonly LiveRun[] {
  const before = runs.find(({ runId }) => runId === event.runId);
  const next = follow(before, event);
  return before === undefined ? [...runs, next] : runs.map((run) => (run === before ? next : run));
}
