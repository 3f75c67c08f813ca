// The session methods that let something be said, or stop it: what `chat.*` does, by the session's key.
import { LoricaError } from "../../../base/errors.ts";
import { newId } from "../../../base/ids.ts";
import { owner } from "../../../base/principal.ts";
import type { MethodHandlers, ParamsOf } from "../../../protocol/methods.ts";
import type { SessionAborted, SessionCreated } from "../../../protocol/shapes.ts";
import { isReserved, parseSessionKey } from "../../../session/session.ts";
import type { CallContext } from "../../dispatch.ts";
import type { Parts } from "../parts.ts";
import { sessionTarget } from "../target.ts";
import { change, checkModel } from "./change.ts";

type Chat = Pick<MethodHandlers<CallContext>, "chat.send" | "chat.abort">;
type Deps = Pick<Parts, "edge" | "broadcast"> & { readonly chat: Chat };

export async function createSession(
  deps: Deps,
  params: ParamsOf<"sessions.create">,
  context: CallContext,
): Promise<SessionCreated> {
  const { edge, broadcast, chat } = deps;
  const target = newTarget(deps, params);
  if (params.model !== undefined) checkModel(edge, params.model);
  const opened = await edge.store.sessions.open({
    key: target.sessionKey,
    agentId: target.agentId,
    principal: owner,
    channel: "cli",
    account: owner.account,
    label: { integrity: "owner", readers: [owner.id] },
  });
  if (opened.principal.id !== owner.id) throw new LoricaError("forbidden", "this session belongs to somebody else");
  const title = params.label ?? params.displayName;
  const session = await edge.store.sessions.patch(opened.key, {
    ...(title === undefined ? {} : { title }),
    ...(params.model === undefined ? {} : { model: params.model }),
    ...(params.thinkingLevel === undefined ? {} : { thinking: params.thinkingLevel }),
  });
  broadcast.sessionChanged({ sessionKey: session.key, agentId: session.agentId }, "create");
  const { ok, key, entry, resolved } = change(edge, session);
  const created = { ok, key, sessionId: session.windowId, entry, resolved };
  const { message } = params;
  if (message === undefined || message === "") return { ...created, runStarted: false };
  const { runId } = await chat["chat.send"]({ ...sendParams(params), message, sessionKey: key }, context);
  return { ...created, runStarted: true, runId };
}

/** Where no key is given, each session is a new one, as `agent:<agent>:dashboard:<id>`. */
function newTarget({ edge }: Deps, params: ParamsOf<"sessions.create">) {
  const settings = edge.settings();
  const { agentId } = sessionTarget(settings, params.agentId === undefined ? {} : { agentId: params.agentId });
  const target = sessionTarget(settings, { ...params, key: params.key ?? `agent:${agentId}:dashboard:${newId()}` });
  const key = parseSessionKey(target.sessionKey, target.agentId);
  if (key.ok && !isReserved(key.value)) return target;
  throw new LoricaError("invalid_request", `a session named ${target.sessionKey} cannot be made`);
}

export async function sendTo(chat: Chat, params: ParamsOf<"sessions.send">, context: CallContext) {
  const { key: sessionKey, message } = params;
  return await chat["chat.send"]({ ...sendParams(params), message, sessionKey }, context);
}

function sendParams(params: Omit<ParamsOf<"sessions.send">, "key" | "message">) {
  const { idempotencyKey = newId(), agentId, thinking, attachments, timeoutMs } = params;
  return { idempotencyKey, agentId, thinking, attachments, timeoutMs };
}

export async function abortSession(
  { edge, chat }: Deps,
  params: ParamsOf<"sessions.abort">,
  context: CallContext,
): Promise<SessionAborted> {
  const key = params.key ?? sessionOfRun(edge.pipeline.active(), params.runId);
  if (key === undefined) return { ok: true, aborted: false, runIds: [], abortedRunId: null, status: "no-active-run" };
  const { runId, agentId } = params;
  const { aborted, runIds } = await chat["chat.abort"]({ sessionKey: key, runId, agentId }, context);
  return { ok: true, aborted, runIds, abortedRunId: runIds[0] ?? null, status: aborted ? "aborted" : "no-active-run" };
}

function sessionOfRun(active: ReadonlyMap<string, readonly string[]>, runId: string | undefined): string | undefined {
  for (const [key, runIds] of active) if (runId !== undefined && runIds.includes(runId)) return key;
  return undefined;
}
