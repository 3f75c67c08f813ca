// The two doors that speak protocol 4: the owner's unix socket, and WebSockets on the gateway's port. Whatever comes through
// either is dispatched alike; only what may be asked for differs.
import type { Server as HttpServer } from "node:http";
import type { Server } from "node:net";
import type { Greeting, Session } from "../protocol/handshake.ts";
import type { MethodHandlers } from "../protocol/methods.ts";
import type { Connections } from "./connections/connections.ts";
import { createDoorkeeper } from "./connections/doorkeeper.ts";
import { createDispatch } from "./dispatch.ts";
import type { CallContext } from "./dispatch.ts";
import type { Edge } from "./edge.ts";
import { boundFailures, logRefusals } from "./connections/quiet-log.ts";
import { createSocketEdge } from "./socket.ts";
import { createWebSocketEdge } from "./ws.ts";

/** Who answers in their place while there is nothing to say. */
export { createLockedGateway } from "./door/locked.ts";

export type Speakers = {
  /** The unix socket's. */
  readonly server: Server;
  /** Takes the upgrades of the port. */
  attach(http: HttpServer): void;
  close(): Promise<void>;
};

export function createSpeakers(deps: {
  readonly edge: Edge;
  readonly connections: Connections;
  readonly handlers: MethodHandlers<CallContext>;
  readonly greet: (session: Session) => Greeting;
}): Speakers {
  const { edge, connections, handlers, greet } = deps;
  const { now } = edge.clock;
  const log = boundFailures({ log: edge.log, now });
  const dispatch = (door: CallContext["door"]) => createDispatch({ handlers, door, log, now });
  const socket = createSocketEdge({ edge, connections, dispatch: dispatch("local"), greet });
  const webSockets = createWebSocketEdge({
    edge,
    doorkeeper: createDoorkeeper(edge),
    connections,
    dispatch: dispatch("network"),
    greet,
    onRefused: logRefusals({ log: edge.log, now }),
  });

  return {
    server: socket.server,
    attach: webSockets.attach,
    close: async () => void (await Promise.all([socket.close(), webSockets.close()])),
  };
}
