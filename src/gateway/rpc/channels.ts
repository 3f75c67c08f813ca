// The methods on channels: how they are, and who may write to them.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { SenderApproval, SenderRequest } from "../../store/store.ts";
import type { HandlersOf } from "../../protocol/methods/kit.ts";
import type { channelMethods } from "../../protocol/methods/channels.ts";
import type { SenderRequestView, SenderView } from "../../protocol/shapes/channels.ts";
import type { CallContext } from "../dispatch.ts";
import type { Edge } from "../edge.ts";
import { actorOf } from "./config/config.ts";
import { channelLabel, channelsStatus } from "./channels/status.ts";

export function createChannelMethods(edge: Edge): HandlersOf<typeof channelMethods, CallContext> {
  const { senders, pipeline } = edge;
  return {
    "channels.status": ({ channel }) => channelsStatus(edge, channel),
    async "channels.start"({ channel }) {
      await pipeline.channels.hold(channel, "start");
      return { channel, running: isRunning(edge, channel) };
    },
    async "channels.stop"({ channel }) {
      await pipeline.channels.hold(channel, "stop");
      return { channel, running: isRunning(edge, channel) };
    },
    async "channels.pairing.list"({ channel, accountId }) {
      const requests = (await senders.requests()).filter(
        (request) =>
          (channel === undefined || request.channel === channel) &&
          (accountId === undefined || request.account === accountId),
      );
      return {
        accounts: accountsOf(edge, channel, accountId),
        requests: requests.map(requestView),
        commandOwnerConfigured: senders.hasOwner() || edge.settings().hasChannelOwner === true,
        limits: { pendingPerAccount: limits.senderRequestsMax, ttlMs: limits.senderCodeLifetimeMs },
      };
    },
    async "channels.pairing.approve"({ channel, accountId, requestId, code, notify, bootstrapCommandOwner }, context) {
      const which = requestId === undefined ? (code === undefined ? undefined : { code }) : { requestId };
      if (which === undefined)
        throw new LoricaError("invalid_request", "say which: the code that the sender was told, or the request's id");
      const role = bootstrapCommandOwner === true ? "owner" : "member";
      const hadOwner = senders.hasOwner();
      const approval = await senders.approve({ channel, account: accountId, ...which }, role, actorOf(context));
      return {
        requestId: requestId ?? "",
        senderId: approval.senderId,
        notification: notify === true ? "unsupported" : "not-requested",
        commandOwnerBootstrap: role === "member" ? "not-requested" : hadOwner ? "already-configured" : "configured",
      };
    },
    async "channels.pairing.dismiss"({ requestId }, context) {
      const { senderId } = await senders.dismiss(requestId, actorOf(context));
      return { requestId, senderId };
    },
    "channels.pairing.approved": async () => ({ approved: senders.approvals().map(senderView) }),
    async "channels.pairing.revoke"({ channel, accountId, senderId }, context) {
      const revoked = await senders.revoke({ channel, account: accountId, senderId }, actorOf(context));
      // Also where nobody was found: the config may have let them in until a moment ago.
      await pipeline.recheck();
      if (revoked) return { senderId, revoked };
      throw new LoricaError("not_found", `nobody with the id ${senderId} was let in on ${channel}/${accountId}`);
    },
  };
}

function isRunning({ pipeline }: Edge, channel: string): boolean {
  return pipeline.channels.states().some((state) => state.channel === channel && state.running);
}

function accountsOf({ pipeline }: Edge, channel: string | undefined, accountId: string | undefined) {
  return pipeline.channels
    .states()
    .filter((state) => channel === undefined || state.channel === channel)
    .flatMap((state) =>
      state.accounts
        .filter(({ id }) => accountId === undefined || id === accountId)
        .map(({ id, name }) => ({
          channel: state.channel,
          channelLabel: channelLabel(state.channel),
          accountId: id,
          ...(name === undefined ? {} : { accountLabel: name }),
          notifySupported: false as const,
        })),
    );
}

function requestView(request: SenderRequest): SenderRequestView {
  return {
    requestId: request.id,
    channel: request.channel,
    channelLabel: channelLabel(request.channel),
    accountId: request.account,
    senderId: request.senderId,
    senderLabel: request.senderName === "" ? request.senderId : request.senderName,
    createdAt: isoOf(request.createdAt),
    lastSeenAt: isoOf(request.lastSeenAt),
    expiresAt: isoOf(request.expiresAt),
    notifySupported: false,
  };
}

function senderView(approval: SenderApproval): SenderView {
  return {
    channel: approval.channel,
    accountId: approval.account,
    senderId: approval.senderId,
    senderLabel: approval.senderName === "" ? approval.senderId : approval.senderName,
    role: approval.role,
    approvedBy: approval.approvedBy,
    approvedAt: isoOf(approval.approvedAt),
    lastSeenAt: approval.lastSeenAt === undefined ? null : isoOf(approval.lastSeenAt),
  };
}

function isoOf(at: number): string {
  return new Date(at).toISOString();
}
