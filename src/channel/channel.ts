// The contract of a channel: it turns platform events into envelopes, and sends what it holds a grant for. What crosses
// it is plain data and calls that answer with plain data, so that a channel can live in a process of its own.
import type { Clock } from "../base/clock.ts";
import type { Envelope, MediaRef, ReplyAddress } from "../base/envelope.ts";
import type { Grant, Redeem } from "../base/grant.ts";
import type { Json } from "../base/json.ts";

export { splitMarkdown } from "./markdown.ts";

export type OutgoingMessage = {
  /** The same key twice is the same message; a channel that can, hands it to the platform. */
  readonly idempotencyKey: string;
  readonly to: ReplyAddress;
  /** Markdown, already cut to what one message may hold. */
  readonly text: string;
  readonly media: readonly MediaRef[];
};

export type Receipt =
  | { readonly kind: "sent"; readonly platformId: string }
  | { readonly kind: "retry"; readonly reason: string; readonly afterMs: number }
  | { readonly kind: "failed"; readonly reason: string };

/** What is shown while an answer is being made; losing one is no loss. */
export type OutgoingSignal =
  | { readonly kind: "typing" }
  | { readonly kind: "reaction"; readonly messageId: string; readonly emoji: string | null }
  /** The whole text so far. The same `draftId` replaces what was shown under it; the reply that follows ends it. */
  | { readonly kind: "draft"; readonly draftId: string; readonly text: string };

export type ChannelCapabilities = {
  /** The platform drops a second message with the same idempotency key, so an interrupted send may be repeated. */
  readonly idempotentSend: boolean;
  readonly textMaxChars: number;
  /** Bytes of one file that can be sent; 0 where files cannot. */
  readonly mediaMaxBytes?: number;
  readonly signals?: readonly OutgoingSignal["kind"][];
};

/** One account of a channel, as the config has it. No credential is among it. */
export type ChannelAccount = {
  readonly id: string;
  readonly name: string | undefined;
  /** Where the platform delivers to, if it does not wait to be asked. */
  readonly webhookUrl: string | undefined;
  readonly mediaMaxBytes: number;
  readonly textMaxChars: number | undefined;
  /** When its credential was stored last: with another one, an account may be somebody else and begins anew. */
  readonly credentialAt: number | undefined;
  /** What only this channel knows: parsed by its own `settings` schema. */
  readonly settings: Json;
};

/** What a platform is asked over HTTP. The credential is the broker's to add, where the channel's `route` says. */
export type PlatformRequest = {
  readonly account: string;
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
};

export type PlatformResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ReadableStream<Uint8Array>;
};

export type ChannelHealth =
  | { readonly state: "connected"; readonly as?: string }
  | { readonly state: "connecting" }
  /** `fix` says what the owner can do; without one it is tried again by itself. */
  | { readonly state: "failed"; readonly reason: string; readonly fix?: string };

export type ReceivedKind =
  /** Stored, and on its way to a turn. */
  | "stored"
  /** Known already. */
  | "duplicate"
  /** Stored as something that was said in the room, not to the assistant. */
  | "overheard"
  /** Stored as refused, or not worth storing; nothing more comes of it. */
  | "dropped";

export type ChannelContext = {
  /** Asked when needed: it changes while the channel runs. */
  readonly accounts: () => readonly ChannelAccount[];
  /** Step 1: resolves once the message is stored, and only then may the platform be told so. */
  readonly receive: (envelope: Envelope) => Promise<{ readonly kind: ReceivedKind }>;
  /**
   * Whether what this sender writes would be taken in now. Stores nothing and tells nobody: it is asked before anything
   * is spent on a message, so that no stranger can make the channel fetch files.
   */
  readonly admits: (envelope: Envelope) => Promise<boolean>;
  /** `send` and `signal` begin with it: a grant is good for one message. */
  readonly redeem: Redeem;
  /** Every byte to the platform. Throws as `Egress.fetch` does; any HTTP status is a response. */
  readonly fetch: (request: PlatformRequest, signal: AbortSignal) => Promise<PlatformResponse>;
  /** What the channel must know again after a restart, as the offset of the last update. On the disk when it returns. */
  readonly state: {
    get(account: string, key: string): Promise<Json | undefined>;
    set(account: string, key: string, value: Json): Promise<void>;
  };
  readonly media: {
    save(bytes: Uint8Array, mime: string, name: string): Promise<MediaRef>;
    load(ref: MediaRef): Promise<Uint8Array>;
  };
  /** The commands that people can type, for platforms that offer them in a menu. */
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly health: (account: string, health: ChannelHealth) => void;
  /** Something failed that the channel survives. */
  readonly report: (error: unknown) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/** What a channel is given besides the way in. */
export type ChannelPorts = Omit<ChannelContext, "receive" | "admits" | "redeem" | "signal">;

/** A delivery of the platform to our own HTTP port. Nobody is believed for having reached it. */
export type WebhookRequest = {
  readonly account: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

export type Channel = {
  /** Returns once it runs or has said why not; what breaks later is its own to mend. */
  readonly start: (context: ChannelContext) => Promise<void>;
  readonly send: (grant: Grant<"message.send">, message: OutgoingMessage, signal: AbortSignal) => Promise<Receipt>;
  readonly signal?: (
    grant: Grant<"message.signal">,
    signal: { readonly to: ReplyAddress; readonly what: OutgoingSignal },
    ending: AbortSignal,
  ) => Promise<void>;
  /** Checks that the platform sent it, stores it, and only then answers 200. */
  readonly webhook?: (request: WebhookRequest, signal: AbortSignal) => Promise<{ readonly status: number }>;
  readonly stop: () => Promise<void>;
};

/** What a channel writes where its platform wants the token in the path. The broker puts the token there. */
export const tokenPlaceholder = "added-by-the-broker";

/**
 * How the broker reaches the platform for a channel: the only host it may dial, and where the credential goes. The broker
 * has a table of its own (`protocol/known/channels.ts`) and takes nobody's word; a test holds the two against each other.
 */
export type ChannelRoute = {
  readonly baseUrl: string;
  /** `path-token`: the first path segment that is exactly `prefix` and `tokenPlaceholder` gets the token instead. */
  readonly credential: { readonly kind: "path-token"; readonly prefix: string } | { readonly kind: "bearer" };
};

export type ChannelDefinition = {
  readonly id: string;
  readonly capabilities: ChannelCapabilities;
  /** What every sender on this channel is, before pairing and allow lists say more. */
  readonly senders: "owner" | "stranger";
  /** Left out where the channel has no platform. */
  readonly route?: ChannelRoute;
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
