// The one connection between gateway and broker: calls both ways over an inherited socket pair, with bodies that stream
// under flow control. A side that breaks the rules ends the link; nothing that it sends can throw in the other.
import type { Duplex } from "node:stream";
import type { LoricaError } from "../../base/errors.ts";
import type { IncomingBody, Window } from "./body.ts";
import { Peer } from "./peer.ts";

export type LinkRequest = {
  readonly method: string;
  readonly params: unknown;
  readonly body: ReadableStream<Uint8Array> | undefined;
};
export type LinkReply = { readonly result: unknown; readonly body?: AsyncIterable<Uint8Array> | undefined };

/** Answers one call of the other side. When its signal ends, it lets go of everything, a body it made included. */
export type LinkHandler = (request: LinkRequest, signal: AbortSignal) => Promise<LinkReply>;

export type LinkCall = {
  readonly method: string;
  readonly params: unknown;
  readonly body?: AsyncIterable<Uint8Array> | undefined;
};
export type LinkAnswer = { readonly result: unknown; readonly body: ReadableStream<Uint8Array> | undefined };

export type Link = {
  /** Throws what the other side answered, `unavailable` when the link ends, `cancelled`. */
  call(call: LinkCall, signal: AbortSignal): Promise<LinkAnswer>;
  /** Says something that nobody answers. */
  note(name: string, params: unknown): void;
  /** Ends with the link; its reason is a LoricaError that says why. */
  readonly closed: AbortSignal;
  close(reason: string): void;
};

export type LinkOptions = {
  readonly stream: Duplex;
  /** Gives each side ids of its own. */
  readonly side: "broker" | "gateway";
  readonly handle: LinkHandler;
  readonly onNote: (name: string, params: unknown) => void;
  /** An error that is our bug: the other side learns only its id. */
  readonly onInternalError: (error: unknown, id: string) => void;
};

/** A call on its way, on either side of it. */
export type Exchange = {
  /** Of the body that this side sends. */
  readonly window: Window;
  /** The body that this side receives. */
  incoming: IncomingBody | undefined;
  readonly settle: (answer: LinkAnswer | LoricaError) => void;
  /** What the other side's call holds here as long as it is open. */
  readonly bytes: number;
  /** Lets go of what the call holds: the signal of ours, the work of theirs. Called at its end, perhaps twice. */
  readonly over: (why: LoricaError) => void;
};

export function createLink(options: LinkOptions): Link {
  const peer = new Peer(options);
  return {
    call: (call, signal) => peer.call(call, signal),
    note: (name, params) => peer.note(name, params),
    closed: peer.ended.signal,
    close: (reason) => peer.end(reason),
  };
}
