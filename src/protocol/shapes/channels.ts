// What the methods on channels answer. Times of requests are ISO 8601, all others milliseconds.

export type ChannelAccountView = {
  readonly accountId: string;
  readonly name?: string;
  readonly enabled: true;
  readonly configured: true;
  readonly running: boolean;
  readonly connected: boolean;
  readonly healthState: "connected" | "connecting" | "failed" | "stopped";
  readonly lastError: string | null;
  readonly lastInboundAt: number | null;
  readonly lastOutboundAt: number | null;
};

export type ChannelHealthView = {
  readonly running: boolean;
  readonly connected: boolean;
  /** Stopped by hand. */
  readonly held: boolean;
};

export type ChannelView = ChannelHealthView & {
  /** Replies of the last days that need a person's eye. */
  readonly replies: {
    readonly pending: number;
    readonly unknown: number;
    readonly held: number;
    readonly failed: number;
  };
};

export type ChannelsStatusResult = {
  readonly ts: number;
  readonly channelOrder: readonly string[];
  readonly channelLabels: Readonly<Record<string, string>>;
  readonly channelMeta: readonly { readonly id: string; readonly label: string; readonly detailLabel: string }[];
  readonly channels: Readonly<Record<string, ChannelView>>;
  readonly channelAccounts: Readonly<Record<string, readonly ChannelAccountView[]>>;
  readonly channelDefaultAccountId: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
};

export type ChannelsHoldResult = { readonly channel: string; readonly running: boolean };

export type SenderRequestView = {
  readonly requestId: string;
  readonly channel: string;
  readonly channelLabel: string;
  readonly accountId: string;
  readonly senderId: string;
  readonly senderLabel: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
  readonly notifySupported: false;
};

export type SenderRequestsResult = {
  readonly accounts: readonly {
    readonly channel: string;
    readonly channelLabel: string;
    readonly accountId: string;
    readonly accountLabel?: string;
    readonly notifySupported: false;
  }[];
  readonly requests: readonly SenderRequestView[];
  readonly commandOwnerConfigured: boolean;
  readonly limits: { readonly pendingPerAccount: number; readonly ttlMs: number };
};

export type SenderApprovedResult = {
  readonly requestId: string;
  readonly senderId: string;
  readonly notification: "not-requested" | "unsupported";
  readonly commandOwnerBootstrap: "not-requested" | "configured" | "already-configured";
};

export type SenderDismissedResult = { readonly requestId: string; readonly senderId: string };

export type SenderView = {
  readonly channel: string;
  readonly accountId: string;
  readonly senderId: string;
  readonly senderLabel: string;
  readonly role: "owner" | "member";
  readonly approvedBy: string;
  readonly approvedAt: string;
  readonly lastSeenAt: string | null;
};

export type SendersResult = { readonly approved: readonly SenderView[] };

export type SenderRevokedResult = { readonly senderId: string; readonly revoked: true };
