// The methods on sessions, apart from reading their messages.
import type { MethodHandlers } from "../../../protocol/methods.ts";
import type { HandlersOf } from "../../../protocol/methods/kit.ts";
import type { sessionMethods } from "../../../protocol/methods/sessions.ts";
import type { CallContext } from "../../dispatch.ts";
import type { Parts } from "../parts.ts";
import { createChangeMethods } from "./change.ts";
import { describeSession, previewSession, resolveSession, sessionsUsage } from "./find.ts";
import { createFollowMethods } from "./follow.ts";
import { listSessions } from "./list.ts";
import { abortSession, createSession, sendTo } from "./talk.ts";
import { createWholeMethods } from "./whole.ts";

type Deps = Pick<Parts, "edge" | "runs" | "broadcast"> & {
  readonly chat: Pick<MethodHandlers<CallContext>, "chat.send" | "chat.abort">;
};

export function createSessionMethods(deps: Deps): HandlersOf<typeof sessionMethods, CallContext> {
  return {
    ...createLookingMethods(deps),
    ...createTalkingMethods(deps),
    ...createChangeMethods(deps),
    ...createWholeMethods(deps),
  };
}

function createLookingMethods({ edge }: Deps) {
  type Names = "list" | "describe" | "resolve" | "preview" | "usage";
  const looking: Pick<HandlersOf<typeof sessionMethods, CallContext>, `sessions.${Names}`> = {
    "sessions.list": (params) => listSessions(edge, params),

    "sessions.describe": (params) => describeSession(edge, params),

    "sessions.resolve": (params) => resolveSession(edge, params),

    async "sessions.preview"(params) {
      const previews = await Promise.all(params.keys.map((key) => previewSession(edge, key, params)));
      return { ts: edge.clock.now(), previews };
    },

    "sessions.usage": (params) => sessionsUsage(edge, params),
  };
  return { ...looking, ...createFollowMethods(edge) };
}

function createTalkingMethods(deps: Deps) {
  const talking: Pick<HandlersOf<typeof sessionMethods, CallContext>, `sessions.${"create" | "send" | "abort"}`> = {
    "sessions.create": (params, context) => createSession(deps, params, context),

    "sessions.send": (params, context) => sendTo(deps.chat, params, context),

    "sessions.abort": (params, context) => abortSession(deps, params, context),
  };
  return talking;
}
