// Opens the sockets that the gateway listens on, hands their descriptors over, and lets go of them. The broker itself
// never accepts: between the moment a socket listens and the moment it is closed here, no turn of the event loop passes.
import { basename } from "node:path";
import { chmodSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { errnoOf, LoricaError } from "../../base/errors.ts";

export type ListenAddress = { readonly host: string; readonly port: number };

export type HandedOver = {
  readonly tcpFd: number;
  readonly unixFd: number;
  /** With the port that the kernel chose where 0 was asked for. */
  readonly address: ListenAddress;
};

/** A unix socket's path has to fit into the kernel's structure. */
const socketPathMaxBytes = 107;

/**
 * `hand` must start the child before it returns. The unix socket is made under another name and renamed: closing the
 * listener here removes the name it was made with, and by then that is not the one clients use.
 */
export async function openSockets<T>(
  options: { readonly listen: ListenAddress; readonly socketPath: string },
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
  const tcp = createServer();
  try {
    await listening(unix, { path: temporary });
    chmodSync(temporary, 0o600);
    return await new Promise<T>((done, fail) => {
      tcp.once("error", fail);
      tcp.listen({ ...options.listen, exclusive: true }, () => {
        try {
          const { address, port } = tcp.address() as AddressInfo;
          renameSync(temporary, options.socketPath);
          done(hand({ tcpFd: descriptorOf(tcp), unixFd: descriptorOf(unix), address: { host: address, port } }));
        } catch (error) {
          fail(error);
        } finally {
          tcp.close();
          unix.close();
        }
      });
    });
  } catch (cause) {
    tcp.close();
    unix.close();
    throw explain(cause, options.listen);
  }
}

async function listening(server: Server, where: { readonly path: string }): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(where, resolve);
  await promise;
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

/** Who listens on a port, as far as this user may look. */
export function findHolder(port: number): { readonly pid: number; readonly command: string } | undefined {
  const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listeners(table, port)));
  if (inodes.size === 0) return undefined;
  for (const pid of namesIn("/proc").filter((name) => /^\d+$/.test(name))) {
    const held = namesIn(`/proc/${pid}/fd`).some((fd) => inodes.has(targetOf(`/proc/${pid}/fd/${fd}`)));
    if (held) return { pid: Number(pid), command: commandOf(pid) };
  }
  return undefined;
}

/** What a person would call it: a program, and for an interpreter the script that it runs. Its arguments are its own affair. */
function commandOf(pid: string): string {
  const [program = "", ...words] = textOf(`/proc/${pid}/cmdline`).split("\0");
  const script = words.find((word) => word !== "" && !word.startsWith("-"));
  const name = basename(program) || textOf(`/proc/${pid}/comm`).trim();
  return /^(node|python|perl|ruby|sh|bash)/.test(name) && script !== undefined ? `${name} ${basename(script)}` : name;
}

function listeners(table: string, port: number): readonly string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return textOf(table)
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = "", , state]) => local.endsWith(wanted) && state === "0A")
    .map((fields) => `socket:[${fields[9] ?? ""}]`);
}

// Processes come and go while they are looked at, and most are not ours to look at: what cannot be read is empty.
function namesIn(folder: string): readonly string[] {
  return orElse(() => readdirSync(folder), []);
}

function textOf(path: string): string {
  return orElse(() => readFileSync(path, "utf8"), "");
}

function targetOf(path: string): string {
  return orElse(() => readlinkSync(path), "");
}

function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return otherwise;
  }
}
