// A pipeline that does what a test tells it: runs are accepted in memory, and end when the test says how.
import type { TurnEvent, TurnOutcome } from "../../src/agent/agent.ts";
import type { Envelope } from "../../src/base/envelope.ts";
import { LoricaError } from "../../src/base/errors.ts";
import { owner } from "../../src/base/principal.ts";
import { unlessAborted } from "../../src/base/wait.ts";
import type { Accepted, ChannelState, Pipeline, RunEnd, RunListener } from "../../src/pipeline/pipeline.ts";
import type { Store } from "../../src/store/store.ts";

export const noUsage = {
  inputTokens: 10,
  outputTokens: 5,
  cacheReadTokens: 2,
  cacheWriteTokens: 1,
  costMicros: 1_500,
  estimated: false,
};

export function doneOutcome(text: string): TurnOutcome {
  return { status: "done", text, stopReason: "stop", provider: "faux", model: "one", usage: noUsage };
}

type Run = { readonly sessionKey: string; readonly end: PromiseWithResolvers<RunEnd> };

/** How each accepted message goes on; without a script a run waits for the test. */
export type Script = (run: {
  readonly envelope: Envelope;
  readonly emit: (event: TurnEvent) => void;
  readonly finish: (outcome: TurnOutcome) => void;
}) => void | Promise<void>;

type State = { refuse: LoricaError | Accepted | undefined };

export function createFauxPipeline(options: { readonly store?: Store; readonly script?: Script } = {}) {
  const table = createRunTable();
  const handled: Envelope[] = [];
  const aborted: string[] = [];
  const state: State = { refuse: undefined };
  const { runs, emit, finish, listeners } = table;
  const channels = { states: [] as ChannelState[], listeners: new Set<() => void>() };

  const pipeline: Pipeline = {
    channels: {
      states: () => [...channels.states],
      watch(listener) {
        channels.listeners.add(listener);
        return () => channels.listeners.delete(listener);
      },
      refresh: () => undefined,
      hold: async () => undefined,
      webhookFor: () => undefined,
    },
    owners: () => [],
    takeWord: async () => undefined,
    start: async () => undefined,
    async handle(envelope) {
      if (state.refuse instanceof Error) throw state.refuse;
      if (state.refuse !== undefined) return state.refuse;
      const sessionKey = envelope.request.sessionKey ?? "agent:main:main";
      handled.push(envelope);
      table.add(envelope, sessionKey);
      if (options.store !== undefined) await record(options.store, envelope, sessionKey);
      const { id } = envelope;
      void options.script?.({
        envelope,
        emit: (event) => emit(id, event),
        finish: (outcome) => finish(id, outcome),
      });
      return { kind: "accepted", runId: id, sessionKey };
    },
    order: async () => {
      throw new LoricaError("not_found", "no channel is switched on here");
    },
    wait(runId, signal) {
      const run = runs.get(runId);
      if (run === undefined) return Promise.reject(new Error(`no run ${runId}`));
      return unlessAborted(run.end.promise, signal);
    },
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async abort(target) {
      const ids = table.open().flatMap(([id, key]) => {
        return ("runId" in target ? id === target.runId : key === target.sessionKey) ? [id] : [];
      });
      for (const id of ids) finish(id, { status: "cancelled", usage: noUsage });
      aborted.push(...ids);
      return ids;
    },
    active() {
      const open = new Map<string, string[]>();
      for (const [id, key] of table.open()) open.set(key, [...(open.get(key) ?? []), id]);
      return open;
    },
    recheck: async () => undefined,
    stop: async () => undefined,
  };
  return { pipeline, emit, finish, handled, aborted, state, listeners, channels };
}

function createRunTable() {
  const runs = new Map<string, Run>();
  const ended = new Set<string>();
  const listeners = new Set<RunListener>();

  function emit(runId: string, event: TurnEvent): void {
    const run = runs.get(runId);
    if (run === undefined) throw new Error(`no run ${runId}`);
    const agentId = run.sessionKey.split(":")[1] ?? "main";
    for (const listener of listeners) listener(event, { runId, sessionKey: run.sessionKey, agentId });
  }

  return {
    runs,
    listeners,
    emit,
    add(envelope: Envelope, sessionKey: string): void {
      runs.set(envelope.id, { sessionKey, end: Promise.withResolvers() });
    },
    finish(runId: string, outcome: TurnOutcome): void {
      const run = runs.get(runId);
      if (run === undefined || ended.has(runId)) return;
      ended.add(runId);
      emit(runId, { type: "finished", outcome });
      run.end.resolve({ runId, sessionKey: run.sessionKey, turnId: `turn-${runId}`, outcome });
    },
    open: () => [...runs].filter(([id]) => !ended.has(id)).map(([id, run]) => [id, run.sessionKey] as const),
  };
}

/** What the real pipeline would have stored, as far as the doors look at it. */
async function record(store: Store, envelope: Envelope, sessionKey: string): Promise<void> {
  const agentId = sessionKey.split(":")[1] ?? "main";
  const label = { integrity: "owner", readers: ["owner"] } as const;
  const replyTo = { channel: envelope.channel, account: "default", recipient: "owner" };
  const { channel, account } = envelope;
  await store.inbox.accept(envelope);
  await store.inbox.route(envelope.id, { principal: owner, label, agentId, sessionKey, replyTo });
  await store.sessions.open({ key: sessionKey, agentId, principal: owner, channel, account, label });
}
