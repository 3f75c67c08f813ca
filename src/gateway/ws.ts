// Protocol 4 over WebSockets, on the gateway's one port. Whoever is refused before the upgrade gets a plain HTTP answer;
// afterwards it is a connection like those of the owner's socket, with an unknown peer at its other end.
import type { IncomingMessage, Server } from "node:http";
import type { WebSocket } from "ws";
import { assert } from "../base/errors.ts";
import type { Greeting, Session } from "../protocol/handshake.ts";
import { createServerConnection } from "../protocol/server.ts";
import type { ServerOptions } from "../protocol/server.ts";
import { createPulse } from "../protocol/server/pulse.ts";
import type { Connections } from "./connections/connections.ts";
import type { Edge } from "./edge.ts";
import type { Doorkeeper, Refused } from "./ws/door.ts";
import { createUpgrades } from "./ws/upgrade.ts";
import { beatAll, Visitor, watchBytes } from "./ws/visitor.ts";
import { createVisitors } from "./ws/visitors.ts";

export type { Doorkeeper, Refused } from "./ws/door.ts";

export type WebSocketEdge = {
  /** Takes the upgrades of this server. */
  attach(server: Server): void;
  /** Says goodbye to everybody, and resolves once they are gone. */
  close(): Promise<void>;
};

export type WebSocketDeps = {
  readonly edge: Pick<Edge, "clock" | "isDraining">;
  readonly doorkeeper: Doorkeeper;
  readonly connections: Connections;
  readonly dispatch: ServerOptions["dispatch"];
  readonly greet: (session: Session) => Greeting;
  readonly onRefused: (refused: Refused) => void;
};

export function createWebSocketEdge(deps: WebSocketDeps): WebSocketEdge {
  const visitors = createVisitors();
  const partials = { totalBytes: 0 };
  const pulse = createPulse();
  const open = new Set<Visitor>();
  const emptied = new Set<() => void>();
  let leavePulse: (() => void) | undefined;

  function accept(ws: WebSocket, request: IncomingMessage, address: string): void {
    // Let go of once it is known who this is: a request is several kilobytes.
    const from: { req: IncomingMessage | undefined } = { req: request };
    const visitor = new Visitor(ws, partials);
    watchBytes(request.socket, visitor);
    const { proved, left } = visitors.enter(address, visitor);
    const connection = createServerConnection({
      transport: visitor,
      pulse,
      now: deps.edge.clock.now,
      authorize(params, nonce) {
        assert(from.req !== undefined, "a client is asked once who it is");
        return deps.doorkeeper.authorize({ req: from.req, nonce }, params);
      },
      greet: deps.greet,
      dispatch: deps.dispatch,
      onReady(ready) {
        from.req = undefined;
        proved();
        deps.connections.add(ready);
      },
      onRefused: (refused) => deps.onRefused({ ...refused, address }),
    });
    enter(visitor);
    visitor.attach(connection, () => {
      left();
      deps.connections.remove(connection);
      leave(visitor);
    });
  }

  function enter(visitor: Visitor): void {
    open.add(visitor);
    leavePulse ??= pulse.join(() => beatAll(open));
  }

  function leave(visitor: Visitor): void {
    open.delete(visitor);
    if (open.size > 0) return;
    leavePulse?.();
    leavePulse = undefined;
    for (const tell of emptied) tell();
  }

  return {
    attach(server) {
      server.on("upgrade", createUpgrades({ ...deps, visitors, accept }));
    },
    async close() {
      if (open.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      emptied.add(resolve);
      for (const visitor of open) visitor.end(1012, "service restart");
      await promise;
    },
  };
}
