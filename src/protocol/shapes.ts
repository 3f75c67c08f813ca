// catalogue
// What the methods answer, field for field as clients of protocol 4 expect it. A field that upstream has and we do not
// build is left out; none is filled with an invention.
import type { EntryBody } from "../base/transcript.ts";
import type { ChannelHealthView } from "./shapes/channels.ts";

export type { ChannelsStatusResult } from "./shapes/channels.ts";

export type SessionRow = {
  readonly key: string;
  readonly kind: "direct" | "group" | "global" | "unknown";
  readonly agentId: string;
  readonly sessionId: string;
  readonly channel: string;
  readonly label?: string;
  readonly displayName?: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly modelProvider?: string;
  readonly model?: string;
  readonly contextTokens?: number;
  readonly thinkingLevel?: string;
  readonly archived: false;
  readonly pinned: false;
  readonly unread: false;
  readonly isMain: boolean;
  readonly hasActiveRun: boolean;
  readonly activeRunIds: readonly string[];
  readonly messageCount: number;
};

export type ModelDefaults = {
  readonly modelProvider: string | null;
  readonly model: string | null;
  readonly contextTokens: number | null;
};

export type UsageFigures = {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly totalTokens: number;
};

/** Money in US dollars; `missingCostEntries` counts the models whose price is not known. */
export type CostFigures = UsageFigures & { readonly totalCost: number; readonly missingCostEntries: number };

export type ClientMessage = {
  readonly role: "user" | "assistant" | "toolResult" | "system";
  readonly content: unknown;
  readonly timestamp: number;
  readonly __openclaw: { readonly id: string; readonly seq: number; readonly kind: EntryBody["kind"] };
  readonly [field: string]: unknown;
};

export type HealthResult = {
  readonly ok: true;
  readonly ts: number;
  readonly durationMs: number;
  readonly plugins: { readonly loaded: readonly string[]; readonly errors: readonly [] };
  readonly channels: Readonly<Record<string, ChannelHealthView>>;
  readonly channelOrder: readonly string[];
  readonly channelLabels: Readonly<Record<string, string>>;
  readonly defaultAgentId: string;
  readonly sessions: {
    readonly path: string;
    readonly count: number;
    readonly recent: readonly { readonly key: string; readonly updatedAt: number; readonly age: number }[];
  };
};

export type StatusResult = {
  readonly runtimeVersion: string;
  readonly uptimeMs: number;
  readonly phase: "accepting" | "draining";
  readonly defaultAgentId: string;
  readonly agents: readonly AgentRow[];
  readonly sessions: { readonly count: number; readonly defaults: ModelDefaults };
  readonly runs: { readonly active: number; readonly sessions: number };
  /** Whether commands and file tools work on this host, and if not, what is missing. */
  readonly sandbox: {
    readonly state: "verified" | "off";
    readonly reason?: string;
    readonly fix?: string;
    readonly walls: readonly { readonly name: string; readonly held: boolean; readonly detail: string }[];
  };
  /** Dangerous settings that are in force (UI-013). */
  readonly dangers: readonly string[];
  /** What is on the disk and what runs, and the keys that wait for a restart (GW-046). */
  readonly config: {
    readonly hashOnDisk: string | null;
    readonly hashRunning: string | null;
    readonly restartNeeded: readonly string[];
  };
  readonly connections: { readonly sockets: number; readonly http: number };
  readonly processMemory: { readonly rssBytes: number; readonly heapUsedBytes: number };
};

export type LogsTailResult = {
  /** The name without its folder: where it lies is nothing that a client needs to know. */
  readonly file: string;
  /** Where to go on reading. */
  readonly cursor: number;
  readonly size: number;
  readonly lines: readonly string[];
  /** There was more than fits: the oldest of it is left out. */
  readonly truncated: boolean;
  /** The file is a new one since the cursor: it was rotated. */
  readonly reset: boolean;
};

export type SystemInfo = {
  readonly machineName: string;
  readonly hostname: string;
  readonly platform: string;
  readonly release: string;
  readonly arch: string;
  readonly osLabel: string;
  readonly nodeVersion: string;
  readonly pid: number;
  readonly uptimeMs: number;
  readonly cpuCount: number;
  readonly memoryTotalBytes: number;
  readonly memoryFreeBytes: number;
  readonly processMemory: {
    readonly rssBytes: number;
    readonly heapUsedBytes: number;
    readonly heapTotalBytes: number;
  };
};

export type AgentRow = {
  readonly id: string;
  readonly kind: "agent";
  readonly name: string;
  readonly model?: { readonly primary: string; readonly fallbacks: readonly string[] };
};

export type AgentAccepted = {
  readonly runId: string;
  readonly sessionKey: string;
  readonly status: "accepted";
  readonly acceptedAt: number;
};

export type AgentEnd = {
  readonly runId: string;
  readonly status: "ok" | "error" | "timeout";
  readonly summary: string;
  readonly result?: {
    readonly payloads: readonly { readonly text: string; readonly mediaUrl: null }[];
    readonly meta: {
      readonly durationMs: number;
      readonly aborted: boolean;
      readonly stopReason: string;
      readonly agentMeta: {
        readonly sessionKey: string;
        readonly sessionId: string | null;
        readonly provider: string | null;
        readonly model: string | null;
        readonly usage: UsageFigures & { readonly estimated: boolean; readonly costUsd: number | null };
      };
    };
  };
};

export type AgentWaitResult = {
  readonly runId: string;
  readonly status: "ok" | "error" | "timeout" | "pending";
  readonly endedAt?: number;
  readonly stopReason?: string;
  readonly error?: string;
};

export type SendResult = {
  readonly runId: string;
  /** The platform's own, where it went over a channel. */
  readonly messageId: string;
  readonly channel: string;
  readonly to: string;
  /** What the assistant answered, where it was the recipient. */
  readonly text?: string;
};

export type ChatSendResult = { readonly runId: string; readonly status: "started" | "in_flight" | "ok" };

/** A stored message and where it belongs. */
export type PlacedMessage = {
  readonly sessionKey: string;
  readonly agentId: string;
  /** Of the turn that it is part of. */
  readonly runId?: string;
  readonly messageId: string;
  readonly messageSeq: number;
  readonly message: ClientMessage;
};

export type ChatHistoryResult =
  | {
      readonly sessionKey: string;
      readonly sessionId: string | null;
      readonly messages: readonly ClientMessage[];
      readonly pendingInputs: { readonly items: readonly []; readonly total: number };
      readonly deltaCursor: string;
      readonly hasMore: boolean;
      readonly totalMessages: number;
      readonly defaults: ModelDefaults;
      readonly sessionInfo: SessionRow | null;
      readonly inFlightRun?: { readonly runId: string };
    }
  | {
      readonly kind: "delta";
      /** Not as in a page: each is what `session.message` told of it, which is how upstream's page reads them. */
      readonly messages: readonly PlacedMessage[];
      readonly deltaCursor: string;
      readonly sessionInfo: SessionRow | null;
      readonly inFlightRun?: { readonly runId: string };
    }
  | { readonly kind: "reset" };

export type SessionsListResult = {
  readonly ts: number;
  readonly path: string;
  readonly count: number;
  readonly totalCount: number;
  readonly limitApplied: number;
  readonly nextOffset: number | null;
  readonly hasMore: boolean;
  readonly owners: readonly [];
  readonly defaults: ModelDefaults;
  readonly sessions: readonly SessionRow[];
};

export type SessionChange = {
  readonly ok: true;
  /** Where the database is, is nothing that a client needs to know. */
  readonly path: "(store)";
  readonly key: string;
  readonly entry: { readonly sessionId: string; readonly updatedAt: number; readonly label?: string };
  readonly resolved: { readonly modelProvider: string | null; readonly model: string | null };
};

export type SessionResolved =
  | { readonly ok: true; readonly key: string; readonly agentId: string; readonly displayName?: string }
  | { readonly ok: false };

export type SessionPreview = {
  readonly key: string;
  readonly status: "ok" | "empty" | "missing";
  readonly items: readonly { readonly role: ClientMessage["role"]; readonly text: string }[];
};

export type SessionCreated = {
  readonly ok: true;
  readonly key: string;
  readonly sessionId: string;
  readonly entry: SessionChange["entry"];
  readonly resolved: SessionChange["resolved"];
  readonly runStarted: boolean;
  readonly runId?: string;
};

export type SessionAborted = {
  readonly ok: true;
  readonly aborted: boolean;
  readonly runIds: readonly string[];
  readonly abortedRunId: string | null;
  readonly status: "aborted" | "no-active-run";
};

export type SessionFollowed = {
  readonly subscribed: true;
  readonly key: string;
  readonly approvalReplay?: {
    readonly sessionKey: string;
    readonly updatedAtMs: number;
    readonly approvals: readonly [];
    readonly truncated: false;
  };
};

export type SessionsUsageResult = {
  readonly updatedAt: number;
  readonly startDate: string;
  readonly endDate: string;
  readonly sessions: readonly {
    readonly key: string;
    readonly sessionId: string;
    readonly agentId: string;
    readonly updatedAt: number;
    readonly label?: string;
    readonly usage: CostFigures;
  }[];
  readonly totals: CostFigures;
};

export type Command = {
  readonly name: string;
  readonly nativeName: string;
  readonly textAliases: readonly string[];
  readonly description: string;
  readonly source: "native";
  readonly scope: "both";
  readonly acceptsArgs: boolean;
};

export type AgentsListResult = {
  readonly defaultId: string;
  readonly ownership: "sole" | "explicit";
  readonly selectionRequired: false;
  readonly mainKey: string;
  readonly scope: "per-sender";
  readonly agents: readonly AgentRow[];
};

export type ChatMetadataResult = {
  readonly models: readonly ModelChoice[];
  readonly commands: readonly Command[];
  readonly swarmEnabled: false;
  readonly accountSelection: { readonly kind: "automatic"; readonly label: string };
  readonly runtimeSelectionLocked: false;
};

export type ModelChoice = {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  readonly tags?: readonly string[];
  readonly contextWindow: number;
  readonly reasoning: boolean;
  readonly input: readonly ("text" | "image")[];
  readonly available: true;
};
