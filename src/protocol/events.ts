// catalogue
// The events that the gateway sends: who gets each. What is not in here is never sent.
import type { Scope } from "./scopes.ts";

export type EventRule = {
  /** What an operator needs to get it; left out where every operator does. */
  readonly scope?: Scope;
  /** Only for nodes. Operators never see it. */
  readonly role?: "node";
  /** `sessions`: only who subscribed to the list. `messages`: only who subscribed to the session that it is about. */
  readonly subscribed?: "sessions" | "messages";
  /** A client with the cap `session-scoped-events` gets it only for sessions that it subscribed to. */
  readonly sessionScoped?: true;
};

const read = "operator.read";

export const events = {
  tick: {},
  shutdown: {},
  // It names sessions, so it asks for what the method of that name asks for.
  health: { scope: read },
  presence: { scope: read },
  agent: { scope: read, sessionScoped: true },
  chat: { scope: read, sessionScoped: true },
  "sessions.changed": { scope: read, subscribed: "sessions" },
  "session.message": { scope: read, subscribed: "messages" },
  "session.tool": { scope: read, subscribed: "messages" },
  "device.pair.requested": { scope: "operator.pairing" },
  "device.pair.resolved": { scope: "operator.pairing" },
  "node.pair.requested": { scope: "operator.pairing" },
  "node.pair.resolved": { scope: "operator.pairing" },
  "node.presence": { scope: read },
  "node.invoke.request": { role: "node" },
  "node.invoke.cancel": { role: "node" },
} as const satisfies Record<string, EventRule>;

export type EventName = keyof typeof events;
