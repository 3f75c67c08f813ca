// The owner's socket: protocol 4, one frame a line, behind a file that only its owner can open. The gateway process
// never sees the file.
import { chmodSync, renameSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import type { Clock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { ownerSession, refusal } from "../../protocol/handshake.ts";
import type { ConnectParams, ConnectRefusal, Session } from "../../protocol/handshake.ts";
import { ownerMethods } from "../../protocol/owner-methods.ts";
import { isScope } from "../../protocol/scopes.ts";
import { openLineConnection } from "../../protocol/server/line-connection.ts";
import { createPulse } from "../../protocol/server/pulse.ts";
import type { Pulse } from "../../protocol/server/pulse.ts";
import type { ServerOptions } from "../../protocol/server.ts";
import { dispatchOwner } from "./dispatch.ts";
import type { OwnerDoor } from "./dispatch.ts";

export type OwnerSocket = { close(): Promise<void> };

export type OwnerSocketOptions = OwnerDoor & {
  readonly path: string;
  readonly version: string;
  readonly clock: Clock;
};

export async function openOwnerSocket(options: OwnerSocketOptions): Promise<OwnerSocket> {
  const open = new Map<Socket, () => void>();
  const pulse = createPulse();
  const server = createServer((socket) => {
    const closed = accept(socket, options, pulse);
    open.set(socket, closed);
    socket.on("close", () => {
      closed();
      open.delete(socket);
    });
  });
  server.maxConnections = limits.rpcConnectionsMax;
  await listen(server, options.path);
  return {
    async close() {
      // The name goes first: whoever comes now is told that nobody is here, and not kept waiting.
      rmSync(options.path, { force: true });
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      for (const socket of open.keys()) socket.destroySoon();
      // Whoever does not read its answer is not waited for.
      const late = setTimeout(() => open.forEach((_, socket) => socket.destroy()), limits.ownerLingerMs);
      await promise;
      clearTimeout(late);
    },
  };
}

/** Under another name first, so that a client never meets a socket that has not its final mode yet. */
async function listen(server: Server, path: string): Promise<void> {
  const temporary = `${path}.new`;
  rmSync(temporary, { force: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ path: temporary }, resolve);
  try {
    await promise;
    chmodSync(temporary, 0o600);
    renameSync(temporary, path);
  } catch (cause) {
    server.close();
    throw new LoricaError("internal", `cannot open the owner's socket ${path}`, { cause });
  }
}

/** Answers what is to be called when the socket has closed. */
function accept(socket: Socket, options: OwnerSocketOptions, pulse: Pulse): () => void {
  const connection = openLineConnection(socket, {
    pulse,
    now: options.clock.now,
    authorize,
    greet: () => greeting(options.version),
    dispatch: async (call) => await dispatchOwner(call, options),
  });
  // A peer that goes away in the middle of a write is no news; `close` follows and says all there is.
  socket.on("error", (error) => options.log.debug("an owner's connection failed", { err: error }));
  return () => connection.closed();
}

function authorize(params: ConnectParams): Session | ConnectRefusal {
  if (params.role !== undefined && params.role !== "operator")
    return refusal("only operators may connect to this socket", 1008);
  return ownerSession((params.scopes ?? []).filter(isScope));
}

function greeting(version: string): ReturnType<ServerOptions["greet"]> {
  return {
    version,
    features: { methods: Object.keys(ownerMethods), events: ["tick"] },
    snapshot: {
      presence: [],
      health: {},
      stateVersion: { presence: 0, health: 0 },
      uptimeMs: Math.round(process.uptime() * 1_000),
    },
  };
}
