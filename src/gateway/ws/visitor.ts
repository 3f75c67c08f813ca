// One WebSocket as a transport of protocol 4. A class, because there are thousands of them.
import type { Socket } from "node:net";
import type { RawData, WebSocket } from "ws";
import { assert } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { ServerConnection, Transport } from "../../protocol/server.ts";
import { beatsIn } from "../../protocol/server/pulse.ts";

/** What is on its way in, over all connections: frames that have begun and not ended. */
export type Partials = { totalBytes: number };

/** Refused by `ws` itself only beyond this, so that up to it the client is told why. */
export const preauthMaxBytes = 2 * limits.framePreauthMaxBytes;

const pingBeats = beatsIn(limits.wsPingIntervalMs);

export class Visitor implements Transport {
  readonly #ws: WebSocket;
  readonly #partials: Partials;
  #connection: ServerConnection | undefined;
  #messageMaxBytes: number = limits.framePreauthMaxBytes;
  #partialBytes = 0;
  #beats = 0;
  #isSilent = false;

  constructor(ws: WebSocket, partials: Partials) {
    this.#ws = ws;
    this.#partials = partials;
  }

  /** From here on what comes in goes to `connection`. `left` is called once the socket is gone. */
  attach(connection: ServerConnection, left: () => void): void {
    this.#connection = connection;
    this.#ws.on("message", (data, isBinary) => this.#message(data, isBinary));
    this.#ws.on("pong", () => (this.#isSilent = false));
    // `ws` closes with the right code by itself; what is wrong with a stranger's frame is no news for the log.
    this.#ws.on("error", () => undefined);
    this.#ws.on("close", () => {
      this.#ended();
      connection.closed();
      left();
    });
  }

  /** Bytes of frames that may not be complete yet; false where there are too many of them altogether. */
  count(bytes: number): boolean {
    this.#partialBytes += bytes;
    this.#partials.totalBytes += bytes;
    const isLarge = this.#partialBytes > limits.framePreauthMaxBytes;
    return !isLarge || this.#partials.totalBytes <= limits.wsPartialTotalMaxBytes;
  }

  /** Called at every pulse: asks from time to time whether anybody is there, and hangs up where nobody answers. */
  beat(): void {
    this.#beats += 1;
    if (this.#beats % pingBeats !== 0 || this.#ws.readyState !== this.#ws.OPEN) return;
    if (this.#isSilent) return this.#ws.terminate();
    this.#isSilent = true;
    this.#ws.ping();
  }

  end(code: number, reason: string): void {
    this.#connection?.end(code, reason);
  }

  fail(code: number, reason: string): void {
    this.#connection?.fail(code, reason);
  }

  terminate(): void {
    this.#ws.terminate();
  }

  send(text: string): void {
    this.#ws.send(text, sent);
  }

  bufferedBytes(): number {
    return this.#ws.bufferedAmount;
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
  }

  raiseLimit(maxBytes: number): void {
    this.#messageMaxBytes = maxBytes;
    raisePayloadLimit(this.#ws, maxBytes);
  }

  #message(data: RawData, isBinary: boolean): void {
    this.#forget();
    if (isBinary) return this.fail(1008, "frames are text");
    // `nodebuffer`, which is what `ws` gives unless it is told otherwise.
    const bytes = data as Buffer;
    const isOpen = this.#connection?.client() !== undefined;
    if (bytes.length > this.#messageMaxBytes)
      return this.fail(1009, isOpen ? "payload too large" : "preauth payload too large");
    this.#connection?.receive(bytes.toString("utf8"));
  }

  #ended(): void {
    this.#forget();
    this.#connection = undefined;
  }

  #forget(): void {
    this.#partials.totalBytes -= this.#partialBytes;
    this.#partialBytes = 0;
  }
}

/** A peer that goes away in the middle of a write is no news; `close` follows and says all there is. */
function sent(): void {}

/**
 * `ws` takes its bound once, for all connections of a server; before a client has introduced itself it has to be a small
 * one. The field has no public name: should a release rename it, large frames are refused, and a test fails.
 */
function raisePayloadLimit(ws: WebSocket, maxBytes: number): void {
  const { _receiver: receiver } = ws as WebSocket & { readonly _receiver?: { _maxPayload?: number } | null };
  // Gone already where the socket closed in the meantime.
  if (receiver === undefined || receiver === null) return;
  assert(typeof receiver._maxPayload === "number", "ws keeps its bound on messages in _maxPayload");
  receiver._maxPayload = maxBytes;
}

/** Looks at bytes before `ws` does. */
export function watchBytes(socket: Socket, visitor: Visitor): void {
  socket.prependListener("data", (chunk: Buffer) => {
    if (!visitor.count(chunk.length)) visitor.fail(1013, "too much is coming in at once; try again in a moment");
  });
}

/** Asks who is still there, and lets go of whoever leaves the most unread where that has become too much altogether. */
export function beatAll(open: ReadonlySet<Visitor>): void {
  let totalBytes = 0;
  let largest: Visitor | undefined;
  for (const visitor of open) {
    visitor.beat();
    totalBytes += visitor.bufferedBytes();
    if (largest === undefined || visitor.bufferedBytes() > largest.bufferedBytes()) largest = visitor;
  }
  if (totalBytes > limits.wsBufferedTotalMaxBytes) largest?.fail(1008, "slow consumer");
}
