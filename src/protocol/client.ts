// The client's side of one connection, without the socket: who it says it is, and which answer belongs to which request.
import { LoricaError } from "../base/errors.ts";
import type { Code } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { isRecord } from "../base/json.ts";
import { codeOfShape, encodeFrame, parseFrame, protocolVersion } from "./frames.ts";
import type { EventFrame, ResponseFrame } from "./frames.ts";
import type { HelloOk } from "./handshake.ts";

export type ClientInfo = {
  readonly version: string;
  readonly platform: string;
  readonly scopes: readonly string[];
  /** `tool-events` to see tools at work. */
  readonly caps: readonly string[];
};

/** The params of `connect`. The nonce is the server's, for a device to sign. */
export type Introduce = ClientInfo | ((nonce: string) => Readonly<Record<string, unknown>>);

export type ClientConnection = {
  /** Resolves once the server has said hello. */
  readonly hello: Promise<HelloOk>;
  /** One frame from the server. */
  receive(text: string): void;
  /** The final answer. `onAccepted` gets the first one of a method that answers twice. */
  request(method: string, params: unknown, onAccepted?: (payload: unknown) => void): Promise<unknown>;
  /** The transport has ended: whoever waits is told why. */
  closed(reason: Error): void;
};

type Waiting = {
  readonly resolve: (payload: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onAccepted: ((payload: unknown) => void) | undefined;
};

/** `send` takes one frame; `onEvent` gets every event after the challenge. */
export function createClientConnection(options: {
  readonly send: (text: string) => void;
  readonly info: Introduce;
  readonly onEvent: (event: EventFrame) => void;
}): ClientConnection {
  const waiting = new Map<string, Waiting>();
  const hello = Promise.withResolvers<HelloOk>();
  // A caller may be waiting for a request instead, which tells it the same.
  hello.promise.catch(() => undefined);
  let ended: Error | undefined;

  function call(method: string, params: unknown, onAccepted?: (payload: unknown) => void): Promise<unknown> {
    if (ended !== undefined) return Promise.reject(ended);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = newId();
    waiting.set(id, { resolve, reject, onAccepted });
    options.send(encodeFrame({ type: "req", id, method, params }));
    return promise;
  }

  function settle(frame: ResponseFrame): void {
    const found = waiting.get(frame.id);
    if (found === undefined) return;
    const first = frame.ok && isRecord(frame.payload) && frame.payload["status"] === "accepted";
    if (first) return found.onAccepted?.(frame.payload);
    waiting.delete(frame.id);
    if (frame.ok) found.resolve(frame.payload);
    else found.reject(toError(frame));
  }

  function closed(reason: Error): void {
    ended ??= reason;
    hello.reject(reason);
    for (const one of waiting.values()) one.reject(reason);
    waiting.clear();
  }

  return {
    hello: hello.promise,
    receive(text) {
      const frame = parseFrame(text);
      if (!frame.ok)
        return closed(new LoricaError("upstream", `the gateway sent an unreadable frame: ${frame.reason}`));
      if (frame.value.type === "res") return settle(frame.value);
      if (frame.value.type !== "event") return;
      if (frame.value.event !== "connect.challenge") return options.onEvent(frame.value);
      call("connect", introduction(options.info, frame.value.payload)).then(
        (payload) => hello.resolve(payload as HelloOk),
        hello.reject,
      );
    },
    request: call,
    closed,
  };
}

function introduction(info: Introduce, challenge: unknown): Readonly<Record<string, unknown>> {
  if (typeof info !== "function") return connectParamsOf(info);
  const nonce = isRecord(challenge) ? challenge["nonce"] : undefined;
  return info(typeof nonce === "string" ? nonce : "");
}

function connectParamsOf(info: ClientInfo): Readonly<Record<string, unknown>> {
  return {
    minProtocol: protocolVersion,
    maxProtocol: protocolVersion,
    client: { id: "cli", version: info.version, platform: info.platform, mode: "cli" },
    role: "operator",
    scopes: info.scopes,
    caps: info.caps,
  };
}

function toError(frame: ResponseFrame): LoricaError {
  const error = frame.error ?? { code: "UNAVAILABLE", message: "the gateway refused without a reason" };
  const code: Code = codeOfShape(error);
  return new LoricaError(code, error.message, {
    ...(error.details === undefined ? {} : { details: error.details }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  });
}
