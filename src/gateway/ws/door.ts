// What the WebSocket edge asks of others, and what its parts ask of each other.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { ConnectParams, ConnectRefusal, Session } from "../../protocol/handshake.ts";

export type Knock = { readonly req: IncomingMessage; readonly nonce: string };

/** Who may come in. */
export type Doorkeeper = {
  /** Throws an `HttpProblem` for an upgrade that is not even talked to. */
  check(req: IncomingMessage): { readonly address: string; readonly isLocal: boolean };
  /** It does not throw. */
  authorize(knock: Knock, params: ConnectParams): Promise<Session | ConnectRefusal>;
};

export type Refused = { readonly code: number; readonly reason: string; readonly address: string };

export type Accept = (ws: WebSocket, req: IncomingMessage, address: string) => void;

export type Upgrade = (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
