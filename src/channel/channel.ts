// The contract of a channel: it turns platform events into envelopes, and sends what it holds a grant for. The values
// that cross it are plain data, so that a channel can live in a process of its own.
import type { Envelope, MediaRef, ReplyAddress } from "../base/envelope.ts";
import type { Grant } from "../base/grant.ts";

export type OutgoingMessage = {
  /** The same key twice is the same message; a channel that can, hands it to the platform. */
  readonly idempotencyKey: string;
  readonly to: ReplyAddress;
  readonly text: string;
  readonly media: readonly MediaRef[];
};

export type Receipt =
  | { readonly kind: "sent"; readonly platformId: string }
  | { readonly kind: "retry"; readonly reason: string; readonly afterMs: number }
  | { readonly kind: "failed"; readonly reason: string };

export type ChannelCapabilities = {
  /** The platform drops a second message with the same idempotency key, so an interrupted send may be repeated. */
  readonly idempotentSend: boolean;
  readonly textMaxChars: number;
};

export type ChannelContext = {
  /** Step 1: resolves once the message is stored, and only then may the platform be told so. */
  readonly receive: (envelope: Envelope) => Promise<{ readonly kind: "stored" | "duplicate" }>;
  readonly signal: AbortSignal;
};

export type Channel = {
  readonly start: (context: ChannelContext) => Promise<void>;
  readonly send: (grant: Grant<"message.send">, message: OutgoingMessage, signal: AbortSignal) => Promise<Receipt>;
  readonly stop: () => Promise<void>;
};

export type ChannelDefinition = {
  readonly id: string;
  readonly capabilities: ChannelCapabilities;
  /** What every sender on this channel is, before pairing and allow lists say more. */
  readonly senders: "owner" | "stranger";
  /**
   * `fetched`: whoever asked waits for the turn and is given its reply, so `send` only takes the grant and never waits.
   * Otherwise replies are sent.
   */
  readonly replies?: "sent" | "fetched";
  readonly create: () => Channel;
};

export function defineChannel(definition: ChannelDefinition): ChannelDefinition {
  return Object.freeze(definition);
}
