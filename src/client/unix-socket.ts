// A connection over a unix socket: protocol-4 frames, one per line. Tells "nothing is there" apart from "there is
// something and it does not answer", because a person must do different things about the two.
import { connect as openSocket } from "node:net";
import type { Socket } from "node:net";
import { codeOf, errnoOf, LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { bounded, unlessAborted } from "../base/wait.ts";
import { createLineReader } from "../protocol/lines.ts";
import { openConnection, unreachable } from "./connection.ts";
import type { Carrier, Connection, Incoming } from "./connection.ts";

export type SocketOptions = {
  readonly socketPath: string;
  readonly version: string;
  /** What to type to start a gateway; goes into the message where there is none. */
  readonly startCommand: string;
  /** `tool-events` to be told of tool calls. */
  readonly caps?: readonly string[];
  /** What the caller is going to ask for; the owner's usual ones where left out. */
  readonly scopes?: readonly string[];
};

const waitAdvice = "It may be starting or stopping; if this lasts, look at the log and restart it";

export async function connectSocket(options: SocketOptions, signal: AbortSignal): Promise<Connection> {
  const deadline = bounded(signal, limits.cliConnectTimeoutMs);
  const info = {
    version: options.version,
    platform: process.platform,
    scopes: options.scopes ?? ["operator.admin", "operator.read", "operator.write"],
    caps: options.caps ?? [],
  };
  try {
    const open = (incoming: Incoming, opening: AbortSignal) => openCarrier(options, incoming, opening);
    return { ...(await openConnection(open, info, deadline)), isOwn: true };
  } catch (cause) {
    if (signal.aborted || !deadline.aborted || codeOf(cause) !== "timeout") throw cause;
    const message = `${options.socketPath} is open, but nothing answers there. ${waitAdvice}`;
    throw unreachable("not_answering", message, cause);
  }
}

async function openCarrier(options: SocketOptions, incoming: Incoming, signal: AbortSignal): Promise<Carrier> {
  const socket = await openStream(options, signal);
  const lines = createLineReader(limits.frameMaxBytes);
  const lost = (): void =>
    incoming.lost(
      unreachable("not_answering", `the gateway closed the connection (${options.socketPath}). ${waitAdvice}`),
    );
  socket.on("data", (chunk: Buffer) => {
    for (const line of lines.push(chunk)) {
      if (line.ok) incoming.frame(line.value);
      else incoming.lost(new LoricaError("upstream", `the gateway sent something unreadable: ${line.reason}`));
    }
  });
  socket.on("error", lost);
  socket.on("close", lost);
  return { send: (text) => void socket.write(`${text}\n`), end: () => socket.destroy() };
}

async function openStream(options: SocketOptions, signal: AbortSignal): Promise<Socket> {
  // The signal is not given to the socket: it bounds the connecting, and the connection must outlive it to cancel a run.
  const socket = openSocket({ path: options.socketPath });
  const connected = new Promise<void>((done, fail) => {
    socket.once("connect", done);
    socket.once("error", (cause) => fail(connectError(cause, options)));
  });
  try {
    await unlessAborted(connected, signal);
    return socket;
  } catch (cause) {
    socket.destroy();
    throw cause;
  }
}

function connectError(cause: Error, { socketPath, startCommand }: SocketOptions): LoricaError {
  const errno = errnoOf(cause);
  if (errno === "ENOENT" || errno === "ECONNREFUSED")
    return unreachable("not_running", `no gateway is running. Start one with: ${startCommand}`);
  if (errno === "EACCES" || errno === "EPERM")
    return unreachable("not_permitted", `${socketPath} belongs to another user. Run this as that user`, cause);
  return new LoricaError("unavailable", `cannot connect to ${socketPath}: ${cause.message}`, { cause });
}
