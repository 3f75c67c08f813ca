// One open connection, whatever carries it: requests with their time limits, events with the gaps between them noticed,
// and an end as soon as the gateway has been silent for longer than it promised to be.
import { LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { bounded, unlessAborted } from "../base/wait.ts";
import { createClientConnection } from "../protocol/client.ts";
import type { Introduce } from "../protocol/client.ts";
import type { EventFrame } from "../protocol/frames.ts";
import type { HelloOk } from "../protocol/handshake.ts";
import { createWatchdog } from "./watchdog.ts";

export type RequestOptions = {
  /** `none` where only the caller ends the waiting: a turn may take as long as it takes. */
  readonly timeoutMs?: number | "none";
  /** For methods that answer twice: called with the first answer; the second one is the result. */
  readonly onAccepted?: (payload: unknown) => void;
};

export type Connection = {
  readonly hello: HelloOk;
  /** The owner's own socket, where what is typed is surely the owner's word. */
  readonly isOwn: boolean;
  request(method: string, params: unknown, signal: AbortSignal, options?: RequestOptions): Promise<unknown>;
  /** Returns how to stop listening. `gap` is told where events were left out: what they said must be asked for. */
  listen(listener: (event: EventFrame) => void, gap?: () => void): () => void;
  /** Ends with the connection; its reason says why. */
  readonly closed: AbortSignal;
  close(): void;
};

/** Why a gateway could not be reached; `details.reason` of the error. */
export type Unreachable = "not_running" | "not_answering" | "not_permitted";

/** What carries frames: it sends one, and can be ended. Codes are WebSocket's; a carrier without them only ends. */
export type Carrier = { readonly send: (text: string) => void; readonly end: (code: number, reason: string) => void };

/** What a carrier tells: one frame came, or nothing will come any more. */
export type Incoming = { readonly frame: (text: string) => void; readonly lost: (error: Error) => void };

/** Opens a carrier and waits for the hello. `signal` bounds the opening; the connection outlives it. */
export async function openConnection(
  open: (incoming: Incoming, signal: AbortSignal) => Promise<Carrier>,
  introduce: Introduce,
  signal: AbortSignal,
): Promise<Omit<Connection, "isOwn">> {
  const ended = new AbortController();
  const listeners = createListeners();
  const silence = createWatchdog((patienceMs) => {
    const message = `the gateway has been silent for ${Math.round(patienceMs / 1_000)} s`;
    end(unreachable("not_answering", message), 4000, "tick timeout");
  });
  // The gateway speaks first, and may have done so before whoever opens the carrier has handed it over.
  const early: string[] = [];
  let carrier: Carrier | undefined;
  const wire = createClientConnection({
    send: (text) => void (carrier === undefined ? early.push(text) : carrier.send(text)),
    info: introduce,
    onEvent: listeners.tell,
  });

  function end(error: Error, code = 1000, reason = "bye"): void {
    if (ended.signal.aborted) return;
    ended.abort(error);
    silence.stop();
    wire.closed(error);
    carrier?.end(code, reason);
  }

  const incoming: Incoming = {
    frame(text) {
      silence.heard();
      wire.receive(text);
    },
    lost: (error) => end(error),
  };
  try {
    carrier = await open(incoming, signal);
    for (const text of early) carrier.send(text);
    const hello = await unlessAborted(wire.hello, signal);
    silence.start(hello.policy.tickIntervalMs);
    return {
      hello,
      async request(method, params, caller, { timeoutMs = limits.cliRequestTimeoutMs, onAccepted } = {}) {
        const answer = wire.request(method, params, onAccepted);
        return unlessAborted(answer, timeoutMs === "none" ? caller : bounded(caller, timeoutMs));
      },
      listen: listeners.add,
      closed: ended.signal,
      close: () => end(new LoricaError("cancelled", "the connection was closed")),
    };
  } catch (error) {
    end(error instanceof Error ? error : new LoricaError("unavailable", String(error)));
    throw error;
  }
}

type Listener = { readonly event: (event: EventFrame) => void; readonly gap: (() => void) | undefined };

/** A broadcast event carries its number; one that is missing was left out because this end did not keep up. */
function createListeners() {
  const listeners = new Set<Listener>();
  let last: number | undefined;
  return {
    add(event: Listener["event"], gap?: () => void): () => void {
      const one = { event, gap };
      listeners.add(one);
      return () => listeners.delete(one);
    },
    tell(frame: EventFrame): void {
      const missed = frame.seq !== undefined && last !== undefined && frame.seq !== last + 1;
      last = frame.seq ?? last;
      for (const listener of listeners) {
        if (missed) listener.gap?.();
        listener.event(frame);
      }
    },
  };
}

export function unreachable(reason: Unreachable, message: string, cause?: unknown): LoricaError {
  return new LoricaError(reason === "not_permitted" ? "forbidden" : "unavailable", message, {
    ...(cause === undefined ? {} : { cause }),
    details: { reason },
  });
}

export function unreachableReason(error: unknown): Unreachable | undefined {
  const reason = error instanceof LoricaError ? error.details?.["reason"] : undefined;
  return reason === "not_running" || reason === "not_answering" || reason === "not_permitted" ? reason : undefined;
}

/** What an owner has to approve before this device may come in; undefined for any other error. */
export function pairingRequest(error: unknown): { readonly requestId: string; readonly reason: string } | undefined {
  if (!(error instanceof LoricaError) || error.details?.["code"] !== "PAIRING_REQUIRED") return undefined;
  const { requestId, reason } = error.details;
  // It is shown in a command that a person copies, and it comes from the other end.
  if (typeof requestId !== "string" || !/^[A-Za-z0-9_-]{1,64}$/.test(requestId)) return undefined;
  return { requestId, reason: typeof reason === "string" ? reason.slice(0, 64) : "not-paired" };
}
