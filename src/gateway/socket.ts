// Serves protocol 4 on a unix socket, one frame per line. Having opened the socket file, which only its owner can, is
// the authentication; scopes are what the client asks for.
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { limits } from "../base/limits.ts";
import { ownerSession, refusal } from "../protocol/handshake.ts";
import type { ConnectParams, ConnectRefusal, Greeting, Session } from "../protocol/handshake.ts";
import { openLineConnection } from "../protocol/server/line-connection.ts";
import { createPulse } from "../protocol/server/pulse.ts";
import { isScope } from "../protocol/scopes.ts";
import type { ServerConnection, ServerOptions } from "../protocol/server.ts";
import type { Connections } from "./connections/connections.ts";
import type { Edge } from "./edge.ts";

export type SocketEdge = {
  readonly server: Server;
  /** Says goodbye, gives the goodbye a moment to leave, and closes everything. */
  close(): Promise<void>;
};

export function createSocketEdge(deps: {
  readonly edge: Pick<Edge, "clock" | "log">;
  readonly connections: Connections;
  readonly dispatch: ServerOptions["dispatch"];
  readonly greet: (session: Session) => Greeting;
  /** Left out, whoever opened the socket is its owner. */
  readonly authorize?: typeof authorize;
}): SocketEdge {
  const { connections } = deps;
  const open = new Map<ServerConnection, Socket>();
  const pulse = createPulse();
  const server = createServer((socket) => accept(socket));
  server.maxConnections = limits.rpcConnectionsMax;

  function accept(socket: Socket): void {
    const connection = openLineConnection(socket, {
      pulse,
      now: deps.edge.clock.now,
      authorize: deps.authorize ?? authorize,
      greet: deps.greet,
      dispatch: deps.dispatch,
      onReady: connections.add,
    });
    open.set(connection, socket);
    // A peer that goes away in the middle of a write is no news; `close` follows and says all there is.
    socket.on("error", (error) => deps.edge.log("info", "a client's socket failed", { error }));
    socket.on("close", () => {
      connection.closed();
      connections.remove(connection);
      open.delete(connection);
    });
  }

  return {
    server,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const connection of open.keys()) connection.end(1012, "service restart");
      const force = setTimeout(() => {
        for (const socket of open.values()) socket.destroy();
      }, limits.httpLingerMs);
      await closed;
      clearTimeout(force);
    },
  };
}

function authorize(params: ConnectParams): Session | ConnectRefusal {
  const role = params.role ?? "operator";
  if (role !== "operator") return refusal(`unauthorized role: ${role}`, 1008);
  const wanted = params.scopes ?? [];
  const unknown = wanted.find((scope) => !isScope(scope));
  if (unknown !== undefined) return refusal(`unknown scope: ${unknown}`, 1008);
  return ownerSession(wanted.filter(isScope));
}
