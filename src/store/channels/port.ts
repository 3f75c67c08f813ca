// What the store keeps for channels: people who asked to be let in and those who were, what a channel must know again
// after a restart, and what was said in a room and not to the assistant.
import type { Envelope, Overheard, ReplyAddress } from "../../base/envelope.ts";
import type { Json } from "../../base/json.ts";

export type SenderRole = "owner" | "member";

/** One person on one account of a channel, by the id that the platform gave them. */
export type SenderPlace = { readonly channel: string; readonly account: string; readonly senderId: string };

/** Of a code only this is kept, and it takes work to try one. */
export type CodeHash = { readonly salt: string; readonly hash: string };

export type SenderRequest = SenderPlace & {
  readonly id: string;
  /** For people; they chose it themselves. */
  readonly senderName: string;
  readonly replyTo: ReplyAddress;
  /** Undefined until the reply with the code is about to leave. */
  readonly code: CodeHash | undefined;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
};

export type SenderApproval = SenderPlace & {
  readonly senderName: string;
  readonly role: SenderRole;
  readonly approvedBy: string;
  readonly approvedAt: number;
  readonly lastSeenAt: number | undefined;
};

export type SenderStore = {
  /**
   * In one write: the request, and a reply for it in the outbox under the request's id. `waiting` where this sender has
   * asked already, `full` where `pendingMax` others wait on the account. What has expired makes room.
   */
  request(request: Omit<SenderRequest, "code">, pendingMax: number): Promise<"stored" | "waiting" | "full">;
  /** Those that have not expired, oldest first. */
  requests(): Promise<readonly SenderRequest[]>;
  /** False where the request is gone. */
  setCode(id: string, code: CodeHash): Promise<boolean>;
  dismiss(id: string): Promise<boolean>;
  /** In one write: the request is gone and its sender is let in. Undefined where the request was gone. */
  approve(id: string, role: SenderRole, approvedBy: string): Promise<SenderApproval | undefined>;
  approvals(): Promise<readonly SenderApproval[]>;
  revoke(place: SenderPlace): Promise<boolean>;
  seen(place: SenderPlace): Promise<void>;
};

export type ChannelStateStore = {
  get(place: { readonly channel: string; readonly account: string }, key: string): Promise<Json | undefined>;
  set(place: { readonly channel: string; readonly account: string }, key: string, value: Json): Promise<void>;
};

export type OverheardStore = {
  /** In one write with the message's row in the inbox, so that the same one twice is kept once. */
  add(envelope: Envelope, keep: { readonly room: string; readonly limit: number }): Promise<"stored" | "duplicate">;
  /** What would be put before the next message, oldest first. */
  list(room: string): Promise<readonly Overheard[]>;
};
