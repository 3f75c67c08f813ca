// Everything that goes out over one connection, past the bound on what its peer may leave lying.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { encodeFrame } from "../frames.ts";
import type { ErrorShape, Frame } from "../frames.ts";

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

export type Importance = "expendable" | "needed";

export type Outlet = {
  hasEnded(): boolean;
  /** Made when somebody first asks: an idle connection has no use for one. */
  signal(): AbortSignal;
  /** The transport has gone. */
  end(): void;
  close(code: number, reason: string): void;
  respond(id: string, payload: unknown): void;
  refuse(id: string, error: ErrorShape, payload?: unknown): void;
  /** An `expendable` event is left out where the peer does not keep up, and then not even written down. */
  event(write: () => string, importance: Importance): void;
};

export function createOutlet(transport: Transport, onEnd: () => void): Outlet {
  let ending: AbortController | undefined;
  let ended = false;

  function end(): void {
    if (ended) return;
    ended = true;
    onEnd();
    ending?.abort(new LoricaError("cancelled", "the connection has ended"));
  }

  function close(code: number, reason: string): void {
    if (ended) return;
    end();
    transport.close(code, reason);
  }

  function send(text: string): void {
    if (ended) return;
    if (transport.bufferedBytes() > limits.frameBufferedMaxBytes) return close(1008, "slow consumer");
    transport.send(text);
  }

  function frame(value: Frame): void {
    // What nobody will read need not be written down: an answer may be megabytes.
    if (!ended) send(encodeFrame(value));
  }

  return {
    hasEnded: () => ended,
    signal() {
      ending ??= new AbortController();
      if (ended) ending.abort(new LoricaError("cancelled", "the connection has ended"));
      return ending.signal;
    },
    end,
    close,
    respond: (id, payload) => frame({ type: "res", id, ok: true, payload }),
    refuse: (id, error, payload) =>
      frame({ type: "res", id, ok: false, ...(payload === undefined ? {} : { payload }), error }),
    event(write, importance) {
      // Half the bound is kept for answers, so that a client which only lags behind is not cut off by events.
      if (importance === "expendable" && transport.bufferedBytes() > limits.frameBufferedMaxBytes / 2) return;
      if (!ended) send(write());
    },
  };
}
