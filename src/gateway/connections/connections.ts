// Every client that has introduced itself, over whichever door, and who of them gets which event.
import { limits } from "../../base/limits.ts";
import type { EventName, EventRule } from "../../protocol/events.ts";
import { events } from "../../protocol/events.ts";
import type { StateVersion } from "../../protocol/frames.ts";
import { holdsScope } from "../../protocol/scopes.ts";
import type { ConnectedClient, ServerConnection } from "../../protocol/server.ts";

export type Publish = (name: EventName, payload: unknown, about?: EventAbout) => void;

export type EventAbout = {
  /** Not left out for a client that lags behind. */
  readonly needed?: boolean;
  /** Only for clients that asked to see tools at work. */
  readonly tools?: boolean;
  /** The canonical key of the session that it is about. */
  readonly sessionKey?: string | undefined;
  readonly stateVersion?: StateVersion;
};

export type Connected = { readonly connection: ServerConnection; readonly client: ConnectedClient };

export type Watcher = { readonly came: (one: Connected) => void; readonly left: (one: Connected) => void };

export type Connections = {
  /** Once the handshake is done. */
  add(connection: ServerConnection): void;
  remove(connection: ServerConnection): void;
  /** Told of everybody who comes and goes from now on. Answers how to be told no more. */
  watch(watcher: Watcher): () => void;
  count(): number;
  list(): IteratorObject<Connected>;
  readonly publish: Publish;
  /**
   * The same for what nobody waits for, in portions between which other work has its turn: written to thousands at once,
   * every copy would outlive the moment and stay in memory until the next full collection.
   */
  spread(...event: Parameters<Publish>): Promise<void>;
  /** Whether anybody would get it. */
  isHeard(name: EventName, sessionKey?: string): boolean;
  /** Closes every connection of which it is true. */
  endWhere(
    isMeant: (client: ConnectedClient) => boolean,
    how: { readonly code: number; readonly reason: string },
  ): void;
};

export function createConnections(): Connections {
  const open = new Map<ServerConnection, ConnectedClient>();
  const watchers = new Set<Watcher>();

  return {
    add(connection) {
      const client = connection.client();
      if (client === undefined) return;
      open.set(connection, client);
      for (const watcher of watchers) watcher.came({ connection, client });
    },
    remove(connection) {
      const client = open.get(connection);
      if (client === undefined) return;
      open.delete(connection);
      for (const watcher of watchers) watcher.left({ connection, client });
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    count: () => open.size,
    *list() {
      for (const [connection, client] of open) yield { connection, client };
    },
    publish(name, payload, about = {}) {
      const tell = teller(name, payload, about);
      for (const [connection, client] of open) tell({ connection, client });
    },
    async spread(name, payload, about = {}) {
      const tell = teller(name, payload, about);
      let told = 0;
      // Who comes meanwhile is told too, and who leaves is not: a map's iteration knows of both.
      for (const [connection, client] of open) {
        tell({ connection, client });
        told += 1;
        if (told % limits.eventPortion === 0) await nextTurn();
      }
    },
    isHeard(name, sessionKey) {
      for (const [connection, client] of open) if (mayHear({ connection, client }, name, { sessionKey })) return true;
      return false;
    },
    endWhere(isMeant, { code, reason }) {
      for (const [connection, client] of open) if (isMeant(client)) connection.end(code, reason);
    },
  };
}

/** Writes the payload down once, and only if anybody hears it. */
function teller(name: EventName, payload: unknown, about: EventAbout): (one: Connected) => void {
  const { needed = false, stateVersion } = about;
  let text: string | undefined;
  return (one) => {
    if (!mayHear(one, name, about)) return;
    text ??= JSON.stringify(payload);
    one.connection.share({ name, payload: text, importance: needed ? "needed" : "expendable", stateVersion });
  };
}

function nextTurn(): Promise<void> {
  return new Promise((done) => setImmediate(done));
}

function mayHear({ connection, client }: Connected, name: EventName, about: EventAbout): boolean {
  const { scope, role, subscribed, sessionScoped }: EventRule = events[name];
  const { session, params } = client;
  if (session.role === "node") return role === "node" || forEverybody.has(name);
  if (role === "node") return false;
  if (scope !== undefined && !holdsScope(session.scopes, scope)) return false;
  if (about.tools === true && params.caps?.includes("tool-events") !== true) return false;
  const { subscriptions } = connection;
  const follows = about.sessionKey !== undefined && subscriptions.hasMessages(about.sessionKey);
  if (subscribed === "sessions") return subscriptions.hasSessions();
  if (subscribed === "messages") return follows;
  return sessionScoped !== true || follows || params.caps?.includes("session-scoped-events") !== true;
}

const forEverybody: ReadonlySet<EventName> = new Set<EventName>(["tick", "shutdown"]);
