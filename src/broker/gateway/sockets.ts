// Opens the sockets that the gateway listens on, hands their descriptors over, and lets go of them. The broker itself
// never answers: whoever comes in the moment between, in which it listens and the gateway does not yet, is hung up on.
import { chmodSync, renameSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { errnoOf, LoricaError } from "../../base/errors.ts";
import { findHolder, listeningProblem } from "../../network/network.ts";
import type { ListenAddress } from "../../network/network.ts";

export type HandedOver = {
  readonly tcpFds: readonly number[];
  readonly unixFd: number;
  /** With the port that the kernel chose where 0 was asked for. */
  readonly addresses: readonly ListenAddress[];
};

/** A unix socket's path has to fit into the kernel's structure. */
const socketPathMaxBytes = 107;

/**
 * `hand` must start the child before it returns. The unix socket is made under another name and renamed: closing the
 * listener here removes the name it was made with, and by then that is not the one clients use.
 */
export async function openSockets<T>(
  options: { readonly listen: readonly ListenAddress[]; readonly socketPath: string },
  hand: (sockets: HandedOver) => T,
): Promise<T> {
  const temporary = `${options.socketPath}.new`;
  if (Buffer.byteLength(temporary) > socketPathMaxBytes)
    throw new LoricaError(
      "config_invalid",
      `the path ${options.socketPath} is too long for a socket; choose a shorter state directory (OPENCLAW_STATE_DIR)`,
    );
  rmSync(temporary, { force: true });
  const unix = createServer();
  const opened: Server[] = [unix];
  try {
    await listening(unix, { path: temporary });
    chmodSync(temporary, 0o600);
    const tcp = await openTcp(options.listen, opened);
    const addresses = tcp.map(addressOf);
    const problem = listeningProblem(options.listen, addresses);
    // Never serve on what nobody asked for: a wider socket than the config says would go unnoticed.
    if (problem !== undefined)
      throw new LoricaError("internal", `the listening socket is not the one asked for: ${problem}`);
    renameSync(temporary, options.socketPath);
    return hand({ tcpFds: tcp.map(descriptorOf), unixFd: descriptorOf(unix), addresses });
  } finally {
    for (const server of opened) server.close();
  }
}

/** Where the kernel chooses the port, the further addresses get the same one. */
async function openTcp(wanted: readonly ListenAddress[], opened: Server[]): Promise<readonly Server[]> {
  const servers: Server[] = [];
  let chosen = 0;
  for (const { host, port } of wanted) {
    const server = createServer((socket) => socket.destroy());
    opened.push(server);
    const address = { host, port: port === 0 ? chosen : port };
    try {
      await listening(server, { ...address, exclusive: true });
    } catch (cause) {
      throw explain(cause, address);
    }
    chosen = addressOf(server).port;
    servers.push(server);
  }
  return servers;
}

async function listening(server: Server, where: Parameters<Server["listen"]>[0]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(where, resolve);
  await promise;
}

function addressOf(server: Server): ListenAddress {
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port };
}

/** Node has no public name for the descriptor of a listening socket, and spawn takes nothing else. */
export function descriptorOf(server: Server): number {
  const { _handle: handle } = server as Server & { readonly _handle?: { readonly fd: number } };
  if (handle === undefined || handle.fd < 0) throw new LoricaError("internal", "a listening socket without descriptor");
  return handle.fd;
}

function explain(cause: unknown, { host, port }: ListenAddress): unknown {
  const errno = errnoOf(cause);
  if (errno === "EADDRINUSE") {
    const holder = findHolder(port);
    const who = holder === undefined ? "another program (of another user)" : `${holder.command} (pid ${holder.pid})`;
    return new LoricaError(
      "conflict",
      `port ${port} on ${host} is taken by ${who}. Stop it, or choose another port: --port, OPENCLAW_GATEWAY_PORT or gateway.port`,
      { cause },
    );
  }
  if (errno === "EADDRNOTAVAIL" || errno === "ENOTFOUND")
    return new LoricaError("config_invalid", `${host} is not an address of this machine; see gateway.bind`, { cause });
  if (errno === "EACCES")
    return new LoricaError(
      "forbidden",
      `port ${port} needs privileges that an ordinary user has not; choose one above 1023`,
      {
        cause,
      },
    );
  return cause;
}
