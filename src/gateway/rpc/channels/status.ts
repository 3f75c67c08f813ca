// How each channel and each of its accounts is, and which replies need a person's eye.
import { limits } from "../../../base/limits.ts";
import type { ChannelState } from "../../../pipeline/pipeline.ts";
import { findKnownChannel } from "../../../protocol/known/channels.ts";
import type {
  ChannelAccountView,
  ChannelHealthView,
  ChannelsStatusResult,
  ChannelView,
} from "../../../protocol/shapes/channels.ts";
import type { OutboxRow, OutboxStatus } from "../../../store/store.ts";
import type { Edge } from "../../edge.ts";

const counted = ["pending", "unknown", "held", "failed"] as const satisfies readonly OutboxStatus[];

/** What memory knows: `health` is asked thousands of times in a second. */
export function channelsHealth(edge: Edge) {
  const shown = shownStates(edge);
  return {
    channels: Object.fromEntries(shown.map((state) => [state.channel, healthView(state)])),
    channelOrder: shown.map(({ channel }) => channel),
    channelLabels: Object.fromEntries(shown.map(({ channel }) => [channel, channelLabel(channel)])),
  };
}

export async function channelsStatus(edge: Edge, only?: string): Promise<ChannelsStatusResult> {
  const shown = shownStates(edge).filter(({ channel }) => only === undefined || channel === only);
  const rows = await openReplies(edge);
  const views = shown.map((state) => [state.channel, channelView(state, rows)] as const);
  const accounts = shown.map(
    (state) => [state.channel, state.accounts.map((account) => accountView(account, state))] as const,
  );
  const labels = shown.map(({ channel }) => [channel, channelLabel(channel)] as const);
  return {
    ts: edge.clock.now(),
    channelOrder: shown.map(({ channel }) => channel),
    channelLabels: Object.fromEntries(labels),
    channelMeta: labels.map(([id, label]) => ({ id, label, detailLabel: label })),
    channels: Object.fromEntries(views),
    channelAccounts: Object.fromEntries(accounts),
    channelDefaultAccountId: Object.fromEntries(
      shown.map(({ channel, accounts: [first] }) => [channel, first?.id ?? "default"]),
    ),
    warnings: [...views.flatMap(replyWarnings), ...accounts.flatMap(accountWarnings)],
  };
}

export function channelLabel(channel: string): string {
  return findKnownChannel(channel)?.name ?? channel;
}

/** What is switched off and has nothing to say is left out, as if it were not there. */
function shownStates({ pipeline }: Edge): readonly ChannelState[] {
  return pipeline.channels.states().filter(({ accounts }) => accounts.length > 0);
}

function healthView({ running, held, accounts }: ChannelState): ChannelHealthView {
  return { running, held, connected: running && accounts.some(({ health }) => health?.state === "connected") };
}

type Counted = (typeof counted)[number];
type OpenReplies = ReadonlyMap<Counted, readonly OutboxRow[]>;

async function openReplies({ store }: Edge): Promise<OpenReplies> {
  const lists = await Promise.all(
    counted.map(async (status) => [status, await store.outbox.list({ status, limit: limits.outboxShownMax })] as const),
  );
  return new Map(lists);
}

function channelView(state: ChannelState, rows: OpenReplies): ChannelView {
  const { channel } = state;
  const count = (status: Counted): number => (rows.get(status) ?? []).filter(({ to }) => to.channel === channel).length;
  return {
    ...healthView(state),
    replies: { pending: count("pending"), unknown: count("unknown"), held: count("held"), failed: count("failed") },
  };
}

function accountView(account: ChannelState["accounts"][number], { running }: ChannelState): ChannelAccountView {
  const { health } = account;
  return {
    accountId: account.id,
    ...(account.name === undefined ? {} : { name: account.name }),
    enabled: true,
    configured: true,
    running,
    connected: running && health?.state === "connected",
    healthState: health?.state ?? (running ? "connecting" : "stopped"),
    lastError: health?.state === "failed" ? [health.reason, health.fix].filter(Boolean).join(". ") : null,
    lastInboundAt: account.lastInboundAt ?? null,
    lastOutboundAt: account.lastOutboundAt ?? null,
  };
}

function replyWarnings([channel, { replies, held }]: readonly [string, ChannelView]): readonly string[] {
  return [
    ...(held ? [`${channel} is stopped; start it again with: lorica channels start ${channel}`] : []),
    ...(replies.unknown > 0
      ? [
          `${channel}: ${replies.unknown} replies were cut off while they were sent; they may have arrived, and are not sent again`,
        ]
      : []),
    ...(replies.held > 0 ? [`${channel}: ${replies.held} replies are held back`] : []),
  ];
}

function accountWarnings([channel, accounts]: readonly [string, readonly ChannelAccountView[]]): readonly string[] {
  return accounts.flatMap(({ accountId, lastError }) =>
    lastError === null ? [] : [`${channel}/${accountId}: ${lastError}`],
  );
}
