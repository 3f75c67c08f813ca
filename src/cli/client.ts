// The command line's end of a unix socket: protocol-4 frames, one per line. Tells "nothing is there" apart from "there
// is something and it does not answer", because a person must do different things about the two.
import { connect as openSocket } from "node:net";
import type { Socket } from "node:net";
import { codeOf, errnoOf, LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { bounded, unlessAborted } from "../base/wait.ts";
import { createClientConnection } from "../protocol/client.ts";
import type { EventFrame } from "../protocol/frames.ts";
import { createLineReader } from "../protocol/lines.ts";

export type ConnectOptions = {
  readonly socketPath: string;
  readonly version: string;
  /** What to type to start a gateway; goes into the message where there is none. */
  readonly startCommand: string;
  /** `tool-events` to be told of tool calls. */
  readonly caps?: readonly string[];
};

export type RequestOptions = {
  /** `none` where only the caller ends the waiting: a turn may take as long as it takes. */
  readonly timeoutMs?: number | "none";
  /** For methods that answer twice: called with the first answer; the second one is the result. */
  readonly onAccepted?: (payload: unknown) => void;
};

export type Connection = {
  request(method: string, params: unknown, signal: AbortSignal, options?: RequestOptions): Promise<unknown>;
  /** Returns how to stop listening. */
  listen(listener: (event: EventFrame) => void): () => void;
  close(): void;
};

/** Why a gateway could not be reached; `details.reason` of the error. */
export type Unreachable = "not_running" | "not_answering" | "not_permitted";

export async function connect(options: ConnectOptions, signal: AbortSignal): Promise<Connection> {
  const deadline = bounded(signal, limits.cliConnectTimeoutMs);
  const socket = await openStream(options, deadline);
  const { connection, hello } = createWire(socket, options);
  try {
    await unlessAborted(hello, deadline);
  } catch (cause) {
    connection.close();
    if (signal.aborted || !deadline.aborted) throw cause;
    throw unreachable("not_answering", `${options.socketPath} is open, but nothing answers there`, options);
  }
  return connection;
}

async function openStream(options: ConnectOptions, signal: AbortSignal): Promise<Socket> {
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
    if (!signal.aborted || codeOf(cause) !== "timeout") throw cause;
    throw unreachable("not_answering", `${options.socketPath} does not accept connections`, options);
  }
}

function connectError(cause: Error, options: ConnectOptions): LoricaError {
  const errno = errnoOf(cause);
  if (errno === "ENOENT" || errno === "ECONNREFUSED")
    return unreachable("not_running", "no gateway is running", options);
  if (errno === "EACCES" || errno === "EPERM")
    return new LoricaError("forbidden", `${options.socketPath} belongs to another user. Run this as that user`, {
      cause,
      details: { reason: "not_permitted" satisfies Unreachable },
    });
  return new LoricaError("unavailable", `cannot connect to ${options.socketPath}: ${cause.message}`, { cause });
}

function unreachable(reason: Unreachable, what: string, options: ConnectOptions): LoricaError {
  const advice =
    reason === "not_running"
      ? `Start one with: ${options.startCommand}`
      : "It may be starting or stopping; if this lasts, look at the log and restart it";
  return new LoricaError("unavailable", `${what}. ${advice}`, { details: { reason } });
}

export function unreachableReason(error: unknown): Unreachable | undefined {
  const reason = error instanceof LoricaError ? error.details?.["reason"] : undefined;
  return reason === "not_running" || reason === "not_answering" || reason === "not_permitted" ? reason : undefined;
}

function createWire(
  socket: Socket,
  options: ConnectOptions,
): { readonly connection: Connection; readonly hello: Promise<unknown> } {
  const listeners = new Set<(event: EventFrame) => void>();
  const lines = createLineReader(limits.frameMaxBytes);
  const wire = createClientConnection({
    send: (text) => void socket.write(`${text}\n`),
    info: {
      version: options.version,
      platform: process.platform,
      scopes: ["operator.admin", "operator.read", "operator.write"],
      caps: options.caps ?? [],
    },
    onEvent: (event) => {
      for (const listener of listeners) listener(event);
    },
  });
  const end = (error: LoricaError): void => {
    wire.closed(error);
    socket.destroy();
  };
  const lost = (): void =>
    end(unreachable("not_answering", `the gateway closed the connection (${options.socketPath})`, options));

  socket.on("data", (chunk: Buffer) => {
    for (const line of lines.push(chunk)) {
      if (line.ok) wire.receive(line.value);
      else end(new LoricaError("upstream", `the gateway sent something unreadable: ${line.reason}`));
    }
  });
  socket.on("error", lost);
  socket.on("close", lost);

  return {
    hello: wire.hello,
    connection: {
      async request(method, params, signal, { timeoutMs = limits.cliRequestTimeoutMs, onAccepted } = {}) {
        const answer = wire.request(method, params, onAccepted);
        return unlessAborted(answer, timeoutMs === "none" ? signal : bounded(signal, timeoutMs));
      },
      listen(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      close() {
        end(new LoricaError("cancelled", "the connection was closed"));
      },
    },
  };
}
