// The server's side of one connection, whatever carries it: handshake, requests, events, ticks and the bounds on all of
// them. It knows frames and nothing of sockets, so that unix sockets and WebSockets are served by the same code.
import { LoricaError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { limits } from "../base/limits.ts";
import { errorShape } from "./failure.ts";
import { encodeEvent, encodeFrame, parseFrame } from "./frames.ts";
import type { ErrorShape, RequestFrame, StateVersion } from "./frames.ts";
import { challengeFrame, closeReason, helloOk, isRefusal, parseConnect } from "./handshake.ts";
import type { ConnectParams, ConnectRefusal, Greeting, Session } from "./handshake.ts";
import { createOutlet } from "./server/outlet.ts";
import type { Importance, Outlet, Transport } from "./server/outlet.ts";
import { beatsIn } from "./server/pulse.ts";
import type { Pulse } from "./server/pulse.ts";
import { Subscriptions } from "./server/subscriptions.ts";

export type { Importance, Transport } from "./server/outlet.ts";

export type Call = {
  readonly method: string;
  readonly params: unknown;
  readonly connection: ServerConnection;
  /** Answers before the end, for methods that answer twice. */
  readonly accepted: (payload: unknown) => void;
  /** Ends when the connection does. */
  readonly signal: AbortSignal;
};

/** A final answer that is an error and yet may carry a payload. */
export type FailedAnswer = {
  readonly failed: ErrorShape;
  readonly payload: unknown;
  /** The connection's role may never call this. A client that goes on trying is closed. */
  readonly unauthorized?: true;
};

export type ServerOptions = {
  readonly transport: Transport;
  readonly pulse: Pulse;
  readonly now: () => number;
  /** Says who a client is, or why it may not come in. It must not throw. */
  readonly authorize: (
    params: ConnectParams,
    nonce: string,
  ) => Session | ConnectRefusal | Promise<Session | ConnectRefusal>;
  readonly greet: (session: Session) => Greeting;
  /** Answers a request. It must not throw: turning errors into frames is the boundary that it is. */
  readonly dispatch: (call: Call) => Promise<{ readonly payload: unknown } | FailedAnswer>;
  readonly onReady?: (connection: ServerConnection) => void;
  /** Misuse that closes the connection; whoever logs it bounds how often. */
  readonly onRefused?: (refused: { readonly code: number; readonly reason: string }) => void;
};

/** What a client said of itself; its credentials are not kept. */
export type ConnectedClient = {
  readonly params: Omit<ConnectParams, "auth" | "device">;
  readonly session: Session;
  /** When it had introduced itself. */
  readonly since: number;
};

/** An event whose payload is JSON already, as it goes to many. */
export type SharedEvent = {
  readonly name: string;
  readonly payload: string;
  readonly importance: Importance;
  readonly stateVersion?: StateVersion | undefined;
};

export type ServerConnection = {
  readonly id: string;
  readonly subscriptions: Subscriptions;
  /** Undefined until the handshake is done. */
  client(): ConnectedClient | undefined;
  /** One frame from the peer. */
  receive(text: string): void;
  /** An unusable stream, as too long a frame or bytes that are not text. */
  fail(code: number, reason: string): void;
  /** The end, for a reason of ours. */
  end(code: number, reason: string): void;
  /** `expendable` events are left out for a peer that does not keep up; it sees the gap in `seq`. */
  event(name: string, payload: unknown, importance: Importance): void;
  share(event: SharedEvent): void;
  /** To this connection and no other, and so without a number: nobody could miss it as a gap. */
  tell(name: string, payload: unknown): void;
  /** The transport has ended. */
  closed(): void;
};

/** Closed before `connect` ended well, being answered, or open. */
type Phase =
  | { readonly kind: "new" }
  | { readonly kind: "connecting"; readonly waiting: string[] }
  | { readonly kind: "open"; readonly client: ConnectedClient };

const handshakeBeats = beatsIn(limits.handshakeTimeoutMs);
const tickBeats = beatsIn(limits.tickIntervalMs);

export function createServerConnection(options: ServerOptions): ServerConnection {
  return new Connection(options);
}

/** A class, because there are thousands of them: what they do is kept once, and not in closures of each. */
class Connection implements ServerConnection {
  readonly id = newId();
  readonly subscriptions = new Subscriptions();
  readonly #options: ServerOptions;
  readonly #outlet: Outlet;
  readonly #nonce = newId();
  #phase: Phase = { kind: "new" };
  #sequence = 0;
  #beats = 0;
  #running = 0;
  #unauthorized = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#outlet = createOutlet(
      options.transport,
      options.pulse.join(() => this.#beat()),
    );
    options.transport.send(encodeFrame(challengeFrame(this.#nonce, options.now())));
  }

  client(): ConnectedClient | undefined {
    return this.#phase.kind === "open" ? this.#phase.client : undefined;
  }

  receive(text: string): void {
    if (this.#outlet.hasEnded()) return;
    if (this.#phase.kind !== "connecting") return this.#request(text);
    const { waiting } = this.#phase;
    if (waiting.length >= limits.framesWaitingMax) return this.fail(1008, "too many pending handshake frames");
    waiting.push(text);
  }

  fail(code: number, reason: string): void {
    if (this.#outlet.hasEnded()) return;
    this.#options.onRefused?.({ code, reason });
    this.end(code, reason);
  }

  end(code: number, reason: string): void {
    this.#outlet.close(code, closeReason(reason));
  }

  event(name: string, payload: unknown, importance: Importance): void {
    this.share({ name, payload: JSON.stringify(payload), importance });
  }

  share({ name, payload, importance, stateVersion }: SharedEvent): void {
    const client = this.client();
    if (client === undefined) return;
    // A node is sent what concerns it alone, and so has nothing to count.
    const isCounted = client.session.role !== "node";
    if (isCounted) this.#sequence += 1;
    const seq = isCounted ? this.#sequence : undefined;
    this.#outlet.event(() => encodeEvent({ name, payload, seq, stateVersion }), importance);
  }

  tell(name: string, payload: unknown): void {
    if (this.client() === undefined) return;
    this.#outlet.event(() => encodeEvent({ name, payload: JSON.stringify(payload) }), "needed");
  }

  closed(): void {
    this.#outlet.end();
  }

  #beat(): void {
    this.#beats += 1;
    if (this.#phase.kind !== "open") {
      if (this.#beats > handshakeBeats) this.fail(1008, "handshake timeout");
    } else if (this.#beats % tickBeats === 0) this.event("tick", { ts: this.#options.now() }, "expendable");
  }

  #request(text: string): void {
    const frame = parseFrame(text);
    if (!frame.ok || frame.value.type !== "req") {
      if (this.#phase.kind === "new") return this.fail(1000, "the first frame must be a connect request");
      return this.fail(1008, frame.ok ? "clients send requests only" : frame.reason);
    }
    const request = frame.value;
    if (this.#phase.kind === "new") return void this.#connect(request);
    if (request.method === "connect") return this.#outlet.refuse(request.id, alreadyConnected);
    if (this.#running >= limits.rpcCallsMax) {
      return this.#outlet.refuse(request.id, errorShape(tooManyCalls(), newId()));
    }
    void this.#answer(request);
  }

  async #connect(request: RequestFrame): Promise<void> {
    const waiting: string[] = [];
    this.#phase = { kind: "connecting", waiting };
    const params = request.method === "connect" ? parseConnect(request.params) : notConnect;
    if (isRefusal(params)) return this.#turnAway(request, params);
    const answer = this.#options.authorize(params, this.#nonce);
    const session = answer instanceof Promise ? await answer : answer;
    if (isRefusal(session)) return this.#turnAway(request, session);
    if (this.#outlet.hasEnded()) return;
    this.#open(request, params, session);
    for (const text of waiting) this.receive(text);
  }

  #open(request: RequestFrame, params: ConnectParams, session: Session): void {
    const { auth: _, device: __, ...said } = params;
    const { deviceToken: ___, ...kept } = session;
    this.#phase = { kind: "open", client: { params: said, session: kept, since: this.#options.now() } };
    this.#beats = 0;
    this.#options.transport.raiseLimit(limits.frameMaxBytes);
    this.#outlet.respond(request.id, helloOk(this.#options.greet(session), this.id, session));
    this.#options.onReady?.(this);
  }

  #turnAway(request: RequestFrame, refused: ConnectRefusal): void {
    this.#outlet.refuse(request.id, refused.error);
    this.fail(refused.closeCode, refused.closeReason);
  }

  async #answer({ id, method, params }: RequestFrame): Promise<void> {
    const outlet = this.#outlet;
    const accepted = (payload: unknown): void => outlet.respond(id, payload);
    this.#running += 1;
    const call = { method, params, connection: this, accepted, signal: outlet.signal() };
    const result = await this.#options.dispatch(call);
    this.#running -= 1;
    if (!("failed" in result)) return outlet.respond(id, result.payload);
    outlet.refuse(id, result.failed, result.payload);
    if (result.unauthorized !== true) return;
    this.#unauthorized += 1;
    if (this.#unauthorized >= limits.unauthorizedCallsMax) this.fail(1008, "repeated unauthorized calls");
  }
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
