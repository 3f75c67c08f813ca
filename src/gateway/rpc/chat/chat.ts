// The methods of a chat that do not start a run: what was said, what may be said, and words put in by hand.
import { LoricaError } from "../../../base/errors.ts";
import { newId } from "../../../base/ids.ts";
import { joinLabels } from "../../../base/label.ts";
import { owner } from "../../../base/principal.ts";
import { noUsage } from "../../../base/transcript.ts";
import type { chatMethods } from "../../../protocol/methods/chat.ts";
import type { HandlersOf, ParamsIn } from "../../../protocol/methods/kit.ts";
import type { CallContext } from "../../dispatch.ts";
import { chatHistory, findMessage } from "./history.ts";
import type { Parts } from "../parts.ts";
import { agentsList, chatMetadata, commandRows } from "../rows.ts";
import { sessionTarget } from "../target.ts";

type Names = Exclude<keyof typeof chatMethods, "chat.send" | "chat.abort">;

export function createChatMethods(parts: Parts): Pick<HandlersOf<typeof chatMethods, CallContext>, Names> {
  const { edge } = parts;
  return {
    "chat.history": (params) => chatHistory(edge, params),

    async "chat.startup"(params) {
      const { agentId, sessionKey } = sessionTarget(edge.settings(), params);
      const history = await chatHistory(edge, params);
      const key = "sessionKey" in history ? { sessionKey } : {};
      return { ...history, ...key, agentsList: agentsList(edge), metadata: chatMetadata(edge, agentId) };
    },

    "chat.metadata": async (params) => chatMetadata(edge, sessionTarget(edge.settings(), params).agentId),

    async "chat.message.get"(params) {
      const message = await findMessage(edge, params);
      return message === undefined ? { ok: false, unavailableReason: "not_found" } : { ok: true, message };
    },

    "chat.inject": (params) => inject(parts, params),

    "commands.list": async () => ({ commands: commandRows }),
  };
}

/** The words of whoever may administrate the gateway, so the owner's; they widen nobody's view of the session. */
async function inject({ edge, broadcast }: Parts, params: ParamsIn<(typeof chatMethods)["chat.inject"]>) {
  const { sessionKey, agentId } = sessionTarget(edge.settings(), params);
  const session = await edge.store.sessions.find(sessionKey);
  if (session === undefined) throw new LoricaError("not_found", `no session ${sessionKey}`);
  // Between a tool's call and its result nothing else may stand.
  if ((edge.pipeline.active().get(sessionKey) ?? []).length > 0)
    throw new LoricaError("conflict", "a run is going on in this session; wait for its end, or abort it");
  const text = params.label === undefined ? params.message : `[${params.label}]\n\n${params.message}`;
  const label = joinLabels(session.label, { integrity: "owner", readers: [owner.id] });
  const [entry] = await edge.store.transcript.append([
    {
      windowId: session.windowId,
      turnId: newId(),
      label,
      body: {
        kind: "assistant",
        content: [{ type: "text", text }],
        provider: "operator",
        model: "injected",
        usage: noUsage,
        stopReason: "stop",
      },
    },
  ]);
  broadcast.sessionChanged({ sessionKey, agentId }, "inject");
  return { ok: true as const, messageId: entry?.id ?? "" };
}
