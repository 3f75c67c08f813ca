// The session methods that change one: its settings, its window, its being there.
import { LoricaError } from "../../../base/errors.ts";
import type { HandlersOf } from "../../../protocol/methods/kit.ts";
import type { sessionMethods } from "../../../protocol/methods/sessions.ts";
import type { SessionChange } from "../../../protocol/shapes.ts";
import type { Session } from "../../../store/store.ts";
import type { CallContext } from "../../dispatch.ts";
import type { Edge } from "../../edge.ts";
import type { Parts } from "../parts.ts";
import { sessionRow } from "../rows.ts";
import { sessionTarget } from "../target.ts";

type Names = "sessions.patch" | "sessions.reset" | "sessions.delete";

export function createChangeMethods({
  edge,
  broadcast,
}: Pick<Parts, "edge" | "broadcast">): Pick<HandlersOf<typeof sessionMethods, CallContext>, Names> {
  return {
    async "sessions.patch"(params) {
      const { sessionKey } = sessionTarget(edge.settings(), params);
      await existing(edge, sessionKey, params.expectedSessionId);
      if (typeof params.model === "string") checkModel(edge, params.model);
      const changed = await edge.store.sessions.patch(sessionKey, {
        ...(params.label === undefined ? {} : { title: params.label ?? undefined }),
        ...(params.model === undefined ? {} : { model: params.model ?? undefined }),
        ...(params.thinkingLevel === undefined ? {} : { thinking: params.thinkingLevel ?? undefined }),
      });
      broadcast.sessionChanged({ sessionKey, agentId: changed.agentId }, "patch");
      return change(edge, changed);
    },

    async "sessions.reset"(params) {
      const { sessionKey } = sessionTarget(edge.settings(), params);
      await existing(edge, sessionKey, params.expectedSessionId);
      await edge.pipeline.abort({ sessionKey });
      const fresh = await edge.store.sessions.reset(sessionKey);
      broadcast.sessionChanged({ sessionKey, agentId: fresh.agentId }, params.reason ?? "reset");
      return change(edge, fresh);
    },

    async "sessions.delete"(params) {
      const { sessionKey, agentId } = sessionTarget(edge.settings(), params);
      const session = await edge.store.sessions.find(sessionKey);
      if (session === undefined || params.archivedOnly === true)
        return { ok: true, key: sessionKey, deleted: false, archived: [] };
      checkExpected(session, params.expectedSessionId);
      await edge.pipeline.abort({ sessionKey });
      await edge.store.sessions.delete(sessionKey);
      broadcast.sessionChanged({ sessionKey, agentId }, "delete");
      return { ok: true, key: sessionKey, deleted: true, archived: [] };
    },
  };
}

export async function existing(
  edge: Edge,
  sessionKey: string,
  expectedSessionId: string | undefined,
): Promise<Session> {
  const session = await edge.store.sessions.find(sessionKey);
  if (session === undefined)
    throw new LoricaError("not_found", `no session ${sessionKey}; \`sessions list\` shows them`);
  checkExpected(session, expectedSessionId);
  return session;
}

function checkExpected(session: Session, expectedSessionId: string | undefined): void {
  if (expectedSessionId === undefined || expectedSessionId === session.windowId) return;
  throw new LoricaError("conflict", "the session was reset since; look at it again", {
    details: { reason: "session-changed", sessionId: session.windowId },
  });
}

export function checkModel(edge: Edge, ref: string): void {
  if (edge.models.describe(ref) !== undefined) return;
  throw new LoricaError("invalid_request", `no model ${JSON.stringify(ref)}; \`models list\` shows what there is`);
}

export function change(edge: Edge, session: Session): SessionChange {
  const { modelProvider, model } = sessionRow(edge, session);
  const { windowId: sessionId, updatedAt, title } = session;
  return {
    ok: true,
    path: "(store)",
    key: session.key,
    entry: { sessionId, updatedAt, ...(title === undefined ? {} : { label: title }) },
    resolved: { modelProvider: modelProvider ?? null, model: model ?? null },
  };
}
