// A registry of nodes on a real store, and nodes that say what they are told to.
import { createNodes } from "../../../src/node/node.ts";
import type { CommandRules, NodeEvent, NodeLink, Nodes } from "../../../src/node/node.ts";
import type { AuditRecord } from "../../../src/audit/audit.ts";
import { compileRules, createPolicy } from "../../../src/policy/policy.ts";
import type { Store } from "../../../src/store/store.ts";
import { createTestClock } from "../clock.ts";
import { openTestStore } from "../store.ts";
import type { TestStore } from "../store.ts";

export const nodeId = "a".repeat(64);
export const operator = { id: "owner", scopes: ["operator.admin"] } as const;

export const host = {
  client: { id: "node-host", mode: "node", version: "1", platform: "linux", displayName: "Attic" },
  commands: ["system.which", "system.run"],
  caps: ["system"],
} as const;

export type Told = { readonly event: string; readonly payload: Record<string, unknown> };

export type FauxLink = NodeLink & {
  readonly told: Told[];
  readonly ended: (readonly [number, string])[];
  /** The next thing it is told. */
  next(): Promise<Told>;
};

export function fauxLink(id: string): FauxLink {
  const told: Told[] = [];
  const ended: [number, string][] = [];
  const waiting: ((one: Told) => void)[] = [];
  let read = 0;
  return {
    id,
    told,
    ended,
    tell(event, payload) {
      const one = { event, payload: payload as Record<string, unknown> };
      told.push(one);
      const wake = waiting.shift();
      if (wake === undefined) return;
      read += 1;
      wake(one);
    },
    end: (code, reason) => ended.push([code, reason]),
    next() {
      const ready = told[read];
      if (ready === undefined) return new Promise((done) => waiting.push(done));
      read += 1;
      return Promise.resolve(ready);
    },
  };
}

export type FauxNodes = AsyncDisposable & {
  readonly nodes: Nodes;
  readonly opened: TestStore;
  readonly events: NodeEvent[];
  readonly records: AuditRecord[];
  readonly warnings: string[];
  readonly clock: ReturnType<typeof createTestClock>;
  rules: CommandRules;
  /** Connects a node and approves what it offers. */
  ready(link: FauxLink, change?: { readonly commands?: readonly string[]; readonly platform?: string }): Promise<void>;
};

export async function openNodes(): Promise<FauxNodes> {
  const clock = createTestClock();
  const opened = await openTestStore(clock);
  const records: AuditRecord[] = [];
  const events: NodeEvent[] = [];
  const warnings: string[] = [];
  const faux: FauxNodes = {
    opened,
    events,
    records,
    warnings,
    clock,
    rules: { allow: [], deny: [] },
    nodes: createNodes({
      store: opened.store.nodes,
      policy: createPolicy({
        rules: compileRules({ agents: new Map(), cellOff: undefined }),
        clock,
      }),
      audit: { record: (record) => records.push(record) },
      clock,
      rules: () => faux.rules,
      warn: (message) => warnings.push(message),
    }),
    async ready(link, { commands = host.commands, platform = "linux" } = {}) {
      await faux.nodes.connected(nodeId, link, { ...host, client: { ...host.client, platform }, commands });
      const { pending } = await faux.nodes.pairs();
      for (const { requestId } of pending) await faux.nodes.approve(requestId, operator);
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
  faux.nodes.watch((event) => events.push(event));
  return faux;
}

/** For an edge under test: an operator's orders are allowed, and recorded nowhere. */
export function fauxRegistry(store: Store): Nodes {
  const clock = { now: Date.now };
  return createNodes({
    store: store.nodes,
    policy: createPolicy({ rules: compileRules({ agents: new Map(), cellOff: undefined }), clock }),
    audit: { record: () => undefined },
    clock,
    rules: () => ({ allow: [], deny: [] }),
    warn: () => undefined,
  });
}

export function orderOf(change: Record<string, unknown> = {}) {
  return {
    nodeId,
    command: "system.which",
    params: { bins: ["sh"] },
    timeoutMs: undefined,
    idempotencyKey: "k1",
    askedBy: "owner",
    ...change,
  };
}
