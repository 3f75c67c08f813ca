// A message on its way in, as every door hands it over: normalised, unjudged, and stored before it is acknowledged.

/** Bytes that came with a message, kept in the media store. */
export type MediaRef = { readonly id: string; readonly mime: string; readonly bytes: number; readonly name: string };

export type Chat = {
  readonly kind: "direct" | "group" | "channel";
  readonly id: string;
  readonly thread?: string;
  /** For people; anybody in the chat may change it. */
  readonly title?: string;
};

/** What a message answers, as the platform shows it: written by somebody else, and so never the sender's own words. */
export type Quote = {
  readonly messageId: string;
  readonly senderId: string;
  readonly sender: string;
  readonly text: string;
};

/** What somebody said in the room before, and not to the assistant: context, and never a wish. */
export type Overheard = {
  readonly senderId: string;
  readonly sender: string;
  readonly text: string;
  readonly at: number;
};

/** How a message meets a turn that is already running in its session. */
export const queueModes = ["steer", "followup", "collect", "interrupt"] as const;

export type QueueMode = (typeof queueModes)[number];

export type Envelope = {
  /** Also the run id: what clients wait for and abort. */
  readonly id: string;
  /** `cli`, `http`, `loopback`, `telegram`, … */
  readonly channel: string;
  readonly account: string;
  /** The platform's own id of the message: the same one twice is the same message. */
  readonly dedupeKey: string;
  readonly chat: Chat;
  /** `id` is the platform's own and never changes; `name` is for people, and nobody is recognised by it. */
  readonly sender: { readonly id: string; readonly name: string; readonly isBot?: boolean };
  /** How a message in a group says that it is meant for the assistant. Left out where everything is, as in a direct chat. */
  readonly addressed?: "mention" | "reply" | "command" | "no";
  /** The platform's id of this message, where a reply or a reaction can name it. */
  readonly messageId?: string;
  readonly quote?: Quote;
  /** Who wrote it first, where it was passed on: then the text is not the sender's. */
  readonly forwardedFrom?: string;
  readonly text: string;
  readonly media: readonly MediaRef[];
  /** Put there when the message is stored, and by nobody else. */
  readonly overheard?: readonly Overheard[];
  readonly receivedAt: number;
  /** What an authenticated client asked for; a channel's own users cannot set these. */
  readonly request: TurnRequest;
};

export type TurnRequest = {
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly model?: string;
  readonly thinking?: ThinkingLevel;
  readonly queue?: QueueMode;
  readonly timeoutMs?: number;
  /** Text put in front of the conversation for this turn only (HTTP `system` messages and `instructions`). */
  readonly instructions?: string;
  /** Where the rehearsal model may read its grammar and script: only ever set by the owner's own CLI or a test. */
  readonly rehearsal?: { readonly grammar: true; readonly script?: string };
  /**
   * Which text commands the sender may use, as admission found; left out it is the owner's all, and nobody else's any.
   * `session`: those that only touch the conversation they are typed in.
   */
  readonly commands?: "all" | "session" | "none";
  /** The most tokens the model may answer with. */
  readonly outputTokensMax?: number;
};

export const thinkingLevels = ["off", "minimal", "low", "medium", "high", "xhigh", "adaptive", "max"] as const;

export type ThinkingLevel = (typeof thinkingLevels)[number];

/** Where the reply goes. */
export type ReplyAddress = {
  readonly channel: string;
  readonly account: string;
  readonly recipient: string;
  readonly thread?: string;
  readonly inReplyTo?: string;
};
