// The state of the gateway behind one asynchronous port, so that a database on another machine can take its place.
// Every operation is one transaction: after it returns the change survives a kill, and before that nothing of it does.
// A loss of power may undo only what is `ordered`, and only together with everything that was written after it.
import type { Envelope, MediaRef, ReplyAddress, ThinkingLevel } from "../base/envelope.ts";
import type { Label } from "../base/label.ts";
import type { Principal } from "../base/principal.ts";
import type { Json } from "../base/json.ts";
import type { EntryBody, Usage } from "../base/transcript.ts";
import type { ReplyOrigin } from "./outbox.ts";
import type { NodeStore } from "./nodes/nodes.ts";
import type { ChannelStateStore, OverheardStore, SenderStore } from "./channels/port.ts";
import type { DeviceStore } from "./devices/port.ts";
import type { Keep, Pruned, Upkeep } from "./seal/port.ts";

export type {
  ApprovedVia,
  DeviceDescription,
  DeviceRequestRow,
  DeviceRole,
  DeviceRow,
  DeviceStore,
  DeviceTokenRow,
  PairingReason,
} from "./devices/port.ts";
export { checkDatabase } from "./migrate.ts";
export type { NodeDescription, NodeRecord, NodeRequest, NodeStore, NodeSurface } from "./nodes/nodes.ts";
export { openStore } from "./open.ts";
export type { Damage, Head, Keep, MediaKeep, Pruned } from "./seal/port.ts";
export type { CodeHash, SenderApproval, SenderPlace, SenderRequest, SenderRole } from "./channels/port.ts";

export type Store = {
  readonly inbox: Inbox;
  readonly sessions: Sessions;
  readonly turns: Turns;
  readonly transcript: Transcript;
  readonly outbox: Outbox;
  readonly usage: UsageLedger;
  readonly media: Media;
  readonly devices: DeviceStore;
  readonly nodes: NodeStore;
  readonly senders: SenderStore;
  readonly channelState: ChannelStateStore;
  readonly overheard: OverheardStore;
  /** Counts starts; written into every row, and later the fence between gateways that share a database. */
  readonly epoch: number;
  /** Forgets what is older than its keep, at most a batch of each kind at a time. Nothing that is still open goes. */
  prune(keep: Keep): Promise<Pruned>;
  readonly upkeep: Upkeep;
  close(): Promise<void>;
};

/** received → queued → taken → done; or dropped, failed. */
export type InboxStatus = "received" | "queued" | "taken" | "done" | "dropped" | "failed";

export type InboxRow = {
  readonly envelope: Envelope;
  readonly status: InboxStatus;
  readonly routed: Routed | undefined;
  readonly turnId: string | undefined;
  /** Why it was dropped or failed. */
  readonly reason: string | undefined;
};

/** What the steps admit, label and route found out. */
export type Routed = {
  readonly principal: Principal;
  readonly label: Label;
  readonly agentId: string;
  readonly sessionKey: string;
  readonly replyTo: ReplyAddress;
};

/** What is known of a message at the moment it is stored; without it the row waits as `received`. */
export type Fate =
  /** `room`: what was overheard there is put before the message, and its label with it, in the same write. */
  | { readonly kind: "routed"; readonly routed: Routed; readonly room?: string | undefined }
  | { readonly kind: "dropped"; readonly reason: string };

export type Inbox = {
  /** Step 1. A message whose (channel, account, dedupeKey) is known is a duplicate, and the first row is answered. */
  accept(envelope: Envelope, fate?: Fate): Promise<{ readonly kind: "stored" | "duplicate"; readonly row: InboxRow }>;
  /** Steps 2 to 4, in one write: received → queued. */
  route(id: string, routed: Routed): Promise<void>;
  /** received or queued → dropped or failed. */
  end(id: string, status: "dropped" | "failed", reason: string): Promise<void>;
  find(id: string): Promise<InboxRow | undefined>;
  /** What a restart must take up again: received and queued rows, oldest first. */
  unfinished(): Promise<readonly InboxRow[]>;
};

export type Session = {
  readonly key: string;
  readonly agentId: string;
  /** The current window: a reset starts a new one under the same key. */
  readonly windowId: string;
  readonly principal: Principal;
  readonly channel: string;
  readonly account: string;
  /** The join of everything in the current window. */
  readonly label: Label;
  readonly title: string | undefined;
  readonly model: string | undefined;
  readonly thinking: ThinkingLevel | undefined;
  readonly turnCount: number;
  readonly entryCount: number;
  readonly createdAt: number;
  readonly updatedAt: number;
};

export type NewSession = Pick<Session, "key" | "agentId" | "principal" | "channel" | "account" | "label">;

export type Sessions = {
  /** Finds the session or creates it with its first window. */
  open(session: NewSession): Promise<Session>;
  find(key: string): Promise<Session | undefined>;
  /** Newest first. */
  list(options: {
    readonly agentId?: string;
    readonly limit: number;
    readonly offset: number;
  }): Promise<readonly Session[]>;
  patch(key: string, change: Partial<Pick<Session, "title" | "model" | "thinking">>): Promise<Session>;
  /** Starts a new window; the old transcript stays readable under its window id. */
  reset(key: string): Promise<Session>;
  delete(key: string): Promise<void>;
  /** All windows of a key, newest first. */
  windows(key: string): Promise<readonly SessionWindow[]>;
};

export type SessionWindow = { readonly id: string; readonly startedAt: number; readonly endedAt: number | undefined };

export type TurnStatus = "running" | "done" | "failed" | "cancelled";

export type Turn = {
  readonly id: string;
  readonly sessionKey: string;
  readonly windowId: string;
  readonly agentId: string;
  readonly status: TurnStatus;
  readonly principal: Principal;
  readonly label: Label;
  readonly replyTo: ReplyAddress;
  /** The messages it answers, oldest first. */
  readonly inboxIds: readonly string[];
  /** How often it was started: more than once after a crash. */
  readonly attempts: number;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  readonly error: string | undefined;
  /** What `finish` was told of the turn's end, for whoever asks long after. */
  readonly outcome?: Json;
};

export type NewTurn = Pick<
  Turn,
  "id" | "sessionKey" | "windowId" | "agentId" | "principal" | "label" | "replyTo" | "inboxIds"
>;

export type OutboxDraft = {
  readonly id: string;
  readonly to: ReplyAddress;
  readonly text: string;
  readonly media: readonly MediaRef[];
  readonly label: Label;
  /** Where its way has ended already, as for a caller who fetches it; otherwise it is pending. */
  readonly settled?:
    | { readonly status: "sent"; readonly receipt: string }
    /** `hold`: what the owner's word on it will name. */
    | { readonly status: "held"; readonly reason: string; readonly hold?: string | undefined };
};

export type Turns = {
  /** In one write: the turn is running, its messages are taken, and their user entries are in the transcript. */
  begin(
    turn: NewTurn,
    entries: readonly NewEntry[],
  ): Promise<{ readonly turn: Turn; readonly entries: readonly Entry[] }>;
  /** More messages join a running turn (queue modes steer and collect). */
  join(turnId: string, inboxIds: readonly string[], entries: readonly NewEntry[]): Promise<readonly Entry[]>;
  /** In one write: the turn ends, its messages are done, and its reply is in the outbox before it is sent. */
  finish(turnId: string, end: TurnEnd): Promise<readonly Entry[]>;
  find(id: string): Promise<Turn | undefined>;
  /** Counts another start of a turn that a restart found running. */
  restart(id: string): Promise<Turn>;
  running(): Promise<readonly Turn[]>;
};

export type TurnEnd = {
  readonly status: Exclude<TurnStatus, "running">;
  readonly error?: string;
  readonly outcome?: Json;
  readonly replies: readonly OutboxDraft[];
  readonly closing?: Closing | undefined;
};

/** The last words of a turn and what they cost: stored at the moment at which it ends. */
export type Closing = { readonly entries: readonly NewEntry[]; readonly usage: readonly UsageRow[] };

export type NewEntry = {
  readonly windowId: string;
  readonly turnId: string;
  readonly label: Label;
  readonly body: EntryBody;
  /** Only an import says when something happened; everything else happens now. */
  readonly at?: number;
};

/** `seq` counts from 1 within a window, without gaps. */
export type Entry = NewEntry & { readonly id: string; readonly seq: number; readonly at: number };

/**
 * `flushed`: on the disk when the write returns. `ordered`: there as soon as anything written after it is, which is
 * enough for whatever nobody outside this process has been told of.
 */
export type Durability = "flushed" | "ordered";

export type Transcript = {
  /** `usage` is what the calls that gave the entries cost, and goes into the ledger in the same write. */
  append(
    entries: readonly NewEntry[],
    options?: { readonly usage?: readonly UsageRow[]; readonly durability?: Durability },
  ): Promise<readonly Entry[]>;
  /** In order; from `afterSeq` (exclusive) where it is given. */
  read(windowId: string, options?: { readonly afterSeq?: number; readonly limit?: number }): Promise<readonly Entry[]>;
};

/** pending → sending → sent; or failed (given up), unknown (died while sending), held (a person must look). */
export type OutboxStatus = "pending" | "sending" | "sent" | "failed" | "unknown" | "held";

export type OutboxRow = OutboxDraft & {
  readonly turnId: string | undefined;
  readonly sessionKey: string;
  readonly agentId: string;
  readonly principal: Principal;
  readonly status: OutboxStatus;
  readonly attempts: number;
  readonly nextAttemptAt: number;
  readonly receipt: string | undefined;
  readonly reason: string | undefined;
  /** The owner was asked about it, under this name. */
  readonly hold: string | undefined;
  readonly createdAt: number;
};

export type HoldWord = { readonly kind: "send" } | { readonly kind: "refuse"; readonly reason: string };

export type Outbox = {
  /** Pending rows that wait for no older one: those that are due, oldest first; and when the next of them will be. */
  due(now: number, limit: number): Promise<readonly OutboxRow[]>;
  nextAt(): Promise<number | undefined>;
  ofTurn(turnId: string): Promise<readonly OutboxRow[]>;
  find(id: string): Promise<OutboxRow | undefined>;
  /** In one write, once: the first draft's id is the order's. `different` where another text has it. */
  order(drafts: readonly OutboxDraft[], of: ReplyOrigin): Promise<"stored" | "known" | "different">;
  /** pending → sending; false where somebody else already took it. */
  take(id: string): Promise<boolean>;
  sent(id: string, receipt: string): Promise<void>;
  retry(id: string, reason: string, nextAttemptAt: number): Promise<void>;
  end(id: string, status: "failed" | "unknown" | "held", reason: string): Promise<void>;
  /** Not yet, and no attempt is counted: pending stays pending. */
  postpone(id: string, until: number, reason: string): Promise<void>;
  /** The rows of a hold, once the owner has spoken: held → pending, or held → failed and erased. Answers all of them. */
  decide(hold: string, word: HoldWord): Promise<readonly OutboxRow[]>;
  ofHold(hold: string): Promise<readonly OutboxRow[]>;
  /** Rows that were being sent when the process died. */
  interrupted(): Promise<readonly OutboxRow[]>;
  list(options: { readonly status?: OutboxStatus; readonly limit: number }): Promise<readonly OutboxRow[]>;
};

export type UsageRow = Usage & {
  readonly turnId: string;
  readonly sessionKey: string;
  readonly agentId: string;
  readonly provider: string;
  readonly model: string;
  /** What caused the call: `turn`, `compaction`, … */
  readonly trigger: string;
  readonly at: number;
};

export type UsageLedger = {
  add(row: UsageRow): Promise<void>;
  /** Totals since `sinceMs`, by model. */
  totals(sinceMs: number, sessionKey?: string): Promise<readonly UsageTotal[]>;
};

export type UsageTotal = Usage & { readonly provider: string; readonly model: string; readonly calls: number };

export type Media = {
  save(bytes: Uint8Array, mime: string, name: string): Promise<MediaRef>;
  load(ref: MediaRef): Promise<Uint8Array>;
};
