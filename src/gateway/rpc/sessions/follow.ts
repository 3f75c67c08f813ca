// Who is told of sessions: subscriptions are the connection's, and end with it.
import type { HandlersOf } from "../../../protocol/methods/kit.ts";
import type { sessionMethods } from "../../../protocol/methods/sessions.ts";
import type { CallContext } from "../../dispatch.ts";
import type { Edge } from "../../edge.ts";
import { sessionTarget } from "../target.ts";
import { listSessions } from "./list.ts";

type Table = HandlersOf<typeof sessionMethods, CallContext>;
type Names =
  | "sessions.subscribe"
  | "sessions.unsubscribe"
  | "sessions.messages.subscribe"
  | "sessions.messages.unsubscribe";

export function createFollowMethods(edge: Edge): Pick<Table, Names> {
  return {
    // Subscribed before the list is read: what changes in between is told twice rather than not at all.
    async "sessions.subscribe"(params, { call }) {
      call.connection.subscriptions.subscribeSessions();
      return { subscribed: true, list: await listSessions(edge, params) };
    },

    async "sessions.unsubscribe"(_params, { call }) {
      call.connection.subscriptions.unsubscribeSessions();
      return { subscribed: false };
    },

    async "sessions.messages.subscribe"(params, { call }) {
      const { sessionKey } = sessionTarget(edge.settings(), params);
      call.connection.subscriptions.subscribeMessages(sessionKey);
      if (params.includeApprovals !== true) return { subscribed: true, key: sessionKey };
      const approvalReplay = { sessionKey, updatedAtMs: edge.clock.now(), approvals: [], truncated: false } as const;
      return { subscribed: true, key: sessionKey, approvalReplay };
    },

    async "sessions.messages.unsubscribe"(params, { call }) {
      const { sessionKey } = sessionTarget(edge.settings(), params);
      call.connection.subscriptions.unsubscribeMessages(sessionKey);
      return { subscribed: false, key: sessionKey };
    },
  };
}
