// What the pipeline is built from, and the part of the configuration that it reads.
import type { TurnRunner } from "../agent/agent.ts";
import type { AuditLog } from "../audit/audit.ts";
import type { Clock } from "../base/clock.ts";
import type { Chat, QueueMode } from "../base/envelope.ts";
import type { ChannelDefinition, ChannelPorts } from "../channel/channel.ts";
import type { Inspector } from "../dlp/dlp.ts";
import type { Observe } from "../plugin/plugin.ts";
import type { HoldDesk } from "./run/holds.ts";
import type { Senders } from "../pairing/pairing.ts";
import type { Policy } from "../policy/policy.ts";
import type { LaneBounds, ResetRule, SessionScope } from "../session/session.ts";
import type { Store } from "../store/store.ts";

/** Which agent answers where, as the config states it. */
export type Binding = {
  readonly agentId: string;
  readonly match: {
    readonly channel: string;
    /** Left out it means the channel's default account; `*` means each. */
    readonly accountId?: string | undefined;
    readonly peer?: { readonly kind: Chat["kind"]; readonly id: string } | undefined;
    readonly guildId?: string | undefined;
    readonly teamId?: string | undefined;
    readonly roles?: readonly string[] | undefined;
  };
};

export type PipelineSettings = {
  readonly agents: ReadonlySet<string>;
  /** Who answers where no binding says so; undefined where several agents exist and none was chosen. */
  readonly defaultAgent: string | undefined;
  readonly bindings: readonly Binding[];
  readonly session: SessionScope;
  readonly reset: ResetRule;
  readonly queue: { readonly mode: QueueMode; readonly byChannel: Readonly<Record<string, QueueMode>> };
  readonly responsePrefix?: string | undefined;
  /** How a channel's account lets people in; a channel of strangers without one lets nobody in. */
  readonly access?: (channel: string, account: string) => ChannelAccess | undefined;
  /** Who is the owner by the config's own word, as `channel:id`. */
  readonly owners?: ReadonlySet<string>;
  /** What counts as a mention besides the platform's own. */
  readonly mentions?: (text: string) => boolean;
  /** One emoji, shown at a message that is being answered. */
  readonly ackReaction?: string | undefined;
};

/** Whom one account of a channel lets in, as the config states it. Ids are the platform's own, never names. */
export type ChannelAccess = {
  readonly dmPolicy: "pairing" | "allowlist" | "open" | "disabled";
  readonly allowFrom: readonly string[];
  readonly groupPolicy: "allowlist" | "open" | "disabled";
  readonly groupAllowFrom: readonly string[];
  readonly allowedGroups: readonly string[];
  /** By group id; `*` is what the others have. */
  readonly groups: Readonly<Record<string, GroupAccess>>;
  readonly commandPrefix: string | undefined;
  readonly allowBots: boolean;
  /** Messages of a group that are kept as context for the next one that is meant for the assistant. */
  readonly historyLimit: number;
  readonly responsePrefix: string | undefined;
  readonly textMaxChars: number | undefined;
};

export type GroupAccess = {
  readonly enabled: boolean;
  readonly requireMention: boolean;
  readonly allowFrom: readonly string[];
  readonly systemPrompt: string | undefined;
};

/** The boundaries between steps, where a test may end the process. */
export type Checkpoint =
  | "received"
  | "stored"
  | "begun"
  | "joined"
  | "ran"
  | "finished"
  | "taken"
  | "sent"
  | "receipted";

export type PipelineOptions = {
  readonly store: Store;
  readonly runner: TurnRunner;
  readonly policy: Policy;
  readonly channels: readonly ChannelDefinition[];
  /** Left out where no channel reaches beyond its own door. */
  readonly ports?: (channel: string) => ChannelPorts | undefined;
  /** Who of those who write over platforms was let in; without it nobody was. */
  readonly senders?: Senders;
  readonly audit: AuditLog;
  /** Judges what comes in before it is stored, and what goes out before it leaves. */
  readonly dlp: Inspector;
  /** Where the owner says what becomes of what was held; without it nothing is kept for them. */
  readonly holdDesk?: HoldDesk;
  readonly observe: Observe;
  readonly clock: Clock;
  /** Asked at each message, so that changed settings hold from the next one on. */
  readonly settings: () => PipelineSettings;
  readonly laneBounds?: () => Partial<LaneBounds>;
  /** The name of a text command such as `stop`; a command has a turn to itself. */
  readonly commandOf?: (text: string) => string | undefined;
  /** Doors whose messages may carry `request.rehearsal`: the owner's own terminal, and tests. */
  readonly rehearsalDoors?: readonly string[];
  /** Writes an error's particulars to the log, under the id that a person was shown. */
  readonly report: (id: string, error: unknown) => void;
  readonly checkpoint?: (name: Checkpoint) => void;
};
