// The server's side of a connection over a socket of this machine: one frame a line.
import type { Duplex } from "node:stream";
import { limits } from "../../base/limits.ts";
import { createLineReader } from "../lines.ts";
import { createServerConnection } from "../server.ts";
import type { ServerConnection, ServerOptions } from "../server.ts";

/** Whoever has accepted the socket says what its end and its errors mean. */
export function openLineConnection(
  socket: Duplex & { destroySoon(): void },
  options: Omit<ServerOptions, "transport">,
): ServerConnection {
  const reader = createLineReader(limits.framePreauthMaxBytes);
  const connection = createServerConnection({
    ...options,
    transport: {
      send: (text) => socket.write(`${text}\n`),
      bufferedBytes: () => socket.writableLength,
      close: () => socket.destroySoon(),
      raiseLimit: reader.limit,
    },
  });
  socket.on("data", (chunk: Uint8Array) => {
    for (const line of reader.push(chunk)) {
      if (line.ok) connection.receive(line.value);
      else connection.fail(1009, line.reason);
    }
  });
  return connection;
}
