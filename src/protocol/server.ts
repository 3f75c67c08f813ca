// The server's side of one connection, whatever carries it: handshake, requests, events, ticks and the bounds on all of
// them. It knows frames and nothing of sockets, so that unix sockets and WebSockets are served by the same code.
import { LoricaError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { limits } from "../base/limits.ts";
import { errorShape } from "./failure.ts";
import { encodeFrame, parseFrame } from "./frames.ts";
import type { ErrorShape, Frame, RequestFrame } from "./frames.ts";
import { challengeFrame, helloOk, isRefusal, parseConnect } from "./handshake.ts";
import type { ConnectParams, ConnectRefusal, Greeting, Session } from "./handshake.ts";

/** How frames reach the peer. */
export type Transport = {
  readonly send: (text: string) => void;
  /** What was sent and not yet taken by the peer. */
  readonly bufferedBytes: () => number;
  /** Codes are WebSocket's; a transport without them only closes. */
  readonly close: (code: number, reason: string) => void;
  /** From the end of the handshake on, frames may be this long. */
  readonly raiseLimit: (maxBytes: number) => void;
};

export type Call = {
  readonly method: string;
  readonly params: unknown;
  readonly connection: ServerConnection;
  /** Answers before the end, for methods that answer twice. */
  readonly accepted: (payload: unknown) => void;
  /** Ends when the connection does. */
  readonly signal: AbortSignal;
};

/** A final answer that is an error and yet carries a payload. */
export type FailedAnswer = { readonly failed: ErrorShape; readonly payload: unknown };

export type ServerOptions = {
  readonly transport: Transport;
  readonly now: () => number;
  /** Says who a client is, or why it may not come in. */
  readonly authorize: (params: ConnectParams, nonce: string) => Session | ConnectRefusal;
  readonly greet: (session: Session) => Greeting;
  /** Answers a request. It must not throw: turning errors into frames is the boundary that it is. */
  readonly dispatch: (call: Call) => Promise<{ readonly payload: unknown } | FailedAnswer>;
  readonly onReady?: (connection: ServerConnection) => void;
};

export type ServerConnection = {
  readonly id: string;
  /** Undefined until the handshake is done. */
  client(): { readonly params: ConnectParams; readonly session: Session } | undefined;
  /** One frame from the peer. */
  receive(text: string): void;
  /** An unusable stream: too long a line, bytes that are not text. */
  fail(code: number, reason: string): void;
  /** `expendable` events are left out for a peer that does not keep up; it sees the gap in `seq`. */
  event(name: string, payload: unknown, importance: "expendable" | "needed"): void;
  /** The transport has ended. */
  closed(): void;
};

export function createServerConnection(options: ServerOptions): ServerConnection {
  const { transport, now } = options;
  const id = newId();
  const nonce = newId();
  const outlet = createOutlet(transport, () => {
    clearTimeout(handshake);
    clearInterval(tick);
  });
  let client: { readonly params: ConnectParams; readonly session: Session } | undefined;
  let sequence = 0;
  let running = 0;

  const handshake = setTimeout(() => outlet.close(1008, "handshake timeout"), limits.handshakeTimeoutMs);
  const tick = setInterval(() => connection.event("tick", { ts: now() }, "expendable"), limits.tickIntervalMs);

  function connect(frame: RequestFrame): void {
    const params = frame.method === "connect" ? parseConnect(frame.params) : notConnect;
    if (isRefusal(params)) return turnAway(frame, params);
    const session = options.authorize(params, nonce);
    if (isRefusal(session)) return turnAway(frame, session);
    client = { params, session };
    clearTimeout(handshake);
    transport.raiseLimit(limits.frameMaxBytes);
    outlet.respond(frame.id, helloOk(options.greet(session), id, session));
    options.onReady?.(connection);
  }

  function turnAway(frame: RequestFrame, refused: ConnectRefusal): void {
    outlet.refuse(frame.id, refused.error);
    outlet.close(refused.closeCode, refused.closeReason);
  }

  async function answer(frame: RequestFrame): Promise<void> {
    const { method, params } = frame;
    const accepted = (payload: unknown): void => outlet.respond(frame.id, payload);
    running += 1;
    const result = await options.dispatch({ method, params, connection, accepted, signal: outlet.signal });
    running -= 1;
    if ("failed" in result) outlet.refuse(frame.id, result.failed, result.payload);
    else outlet.respond(frame.id, result.payload);
  }

  const connection: ServerConnection = {
    id,
    client: () => client,
    receive(text) {
      if (outlet.signal.aborted) return;
      const frame = parseFrame(text);
      if (!frame.ok || frame.value.type !== "req") {
        if (client === undefined) return outlet.close(1000, "the first frame must be a connect request");
        return outlet.close(1008, frame.ok ? "clients send requests only" : frame.reason);
      }
      if (client === undefined) return connect(frame.value);
      if (frame.value.method === "connect") return outlet.refuse(frame.value.id, alreadyConnected);
      if (running >= limits.rpcCallsMax) return outlet.refuse(frame.value.id, errorShape(tooManyCalls(), newId()));
      void answer(frame.value);
    },
    fail: outlet.close,
    event(name, payload, importance) {
      if (client === undefined) return;
      sequence += 1;
      outlet.event({ type: "event", event: name, payload, seq: sequence }, importance);
    },
    closed: outlet.end,
  };
  transport.send(encodeFrame(challengeFrame(nonce, now())));
  return connection;
}

/** Everything that goes out, past the bound on what a peer may leave lying. */
function createOutlet(transport: Transport, onEnd: () => void) {
  const ended = new AbortController();

  function end(): void {
    if (ended.signal.aborted) return;
    onEnd();
    ended.abort(new LoricaError("cancelled", "the connection has ended"));
  }

  function close(code: number, reason: string): void {
    if (ended.signal.aborted) return;
    end();
    transport.close(code, reason);
  }

  function send(frame: Frame): void {
    if (ended.signal.aborted) return;
    if (transport.bufferedBytes() > limits.frameBufferedMaxBytes) return close(1008, "slow consumer");
    transport.send(encodeFrame(frame));
  }

  return {
    signal: ended.signal,
    end,
    close,
    respond: (id: string, payload: unknown): void => send({ type: "res", id, ok: true, payload }),
    refuse(id: string, error: ErrorShape, payload?: unknown): void {
      send({ type: "res", id, ok: false, ...(payload === undefined ? {} : { payload }), error });
    },
    event(frame: Frame, importance: "expendable" | "needed"): void {
      // Half the bound is kept for answers, so that a client which only lags behind is not cut off by events.
      if (importance === "expendable" && transport.bufferedBytes() > limits.frameBufferedMaxBytes / 2) return;
      send(frame);
    },
  };
}

const notConnect: ConnectRefusal = {
  error: { code: "INVALID_REQUEST", message: "invalid handshake: first request must be connect" },
  closeCode: 1008,
  closeReason: "invalid handshake: first request must be connect",
};

const alreadyConnected: ErrorShape = { code: "INVALID_REQUEST", message: "connect is only valid as the first request" };

function tooManyCalls(): LoricaError {
  const message = `${limits.rpcCallsMax} requests of this connection are still being answered; wait for one`;
  return new LoricaError("overloaded", message, { retryAfterMs: 1_000 });
}
