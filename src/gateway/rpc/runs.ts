// The methods that make the assistant do something: agent, agent.wait, chat.send, chat.abort, send.
import { LoricaError } from "../../base/errors.ts";
import type { MediaRef, TurnRequest } from "../../base/envelope.ts";
import { limits } from "../../base/limits.ts";
import type { MethodHandlers, ParamsOf } from "../../protocol/methods.ts";
import type { CallContext } from "../dispatch.ts";
import type { Edge } from "../edge.ts";
import { parseAttachments, saveMedia } from "../media.ts";
import { errorOfOutcome } from "../run.ts";
import type { Runs } from "../run.ts";
import { createBeginning } from "./runs/beginning.ts";
import { agentEnd, endWithin, statusOf } from "./runs/run-end.ts";
import { answerOf, checkAssistant, sendOverChannel } from "./runs/send.ts";
import { sessionTarget } from "./target.ts";

type Names = "agent" | "agent.wait" | "chat.send" | "chat.abort" | "send";
type RunParams = ParamsOf<"agent"> | ParamsOf<"chat.send"> | ParamsOf<"send">;

export function createRunMethods(edge: Edge, runs: Runs): Pick<MethodHandlers<CallContext>, Names> {
  const beginning = createBeginning();

  function start(params: RunParams, context: CallContext, request: TurnRequest) {
    const target = sessionTarget(edge.settings(), params);
    const pending = "attachments" in params ? parseAttachments(params.attachments ?? []) : [];
    return beginning.begin(target.sessionKey, async () => {
      await checkWindow(edge, params, target.sessionKey);
      return runs.start({
        door: context.door === "local" ? "cli" : "webchat",
        runId: params.idempotencyKey,
        idempotencyKey: params.idempotencyKey,
        body: params,
        chatId: target.sessionKey,
        text: params.message,
        media: (): Promise<readonly MediaRef[]> => saveMedia(edge.store.media, pending),
        request: { ...request, ...target, ...rehearsalOf(params, context) },
      });
    });
  }

  return {
    async agent(params, context) {
      const { run } = await start(params, context, agentRequest(params));
      const { runId, sessionKey } = run;
      context.call.accepted({ runId, sessionKey, status: "accepted", acceptedAt: edge.clock.now() });
      const end = await edge.pipeline.wait(runId, context.call.signal);
      return agentEnd(edge, run, end);
    },

    async "agent.wait"({ runId, timeoutMs }, { call }) {
      if ((await edge.store.inbox.find(runId)) === undefined) throw new LoricaError("not_found", `no run ${runId}`);
      const limitMs = Math.min(timeoutMs ?? limits.rpcWaitMaxMs, limits.rpcWaitMaxMs);
      const end = await endWithin(edge, runId, { signal: call.signal, limitMs });
      if (end === undefined) return { runId, status: "pending" };
      const { outcome } = end;
      if (outcome.status === "done") return { runId, status: "ok", stopReason: outcome.stopReason };
      const { error } = errorOfOutcome(outcome);
      return { runId, status: statusOf(outcome), error: error.message };
    },

    async "chat.send"(params, context) {
      const { thinking, queueMode, timeoutMs } = params;
      const request = { ...optional("thinking", thinking), ...optional("queue", queueMode), ...limitOf(timeoutMs) };
      const { run, isNew } = await start(params, context, request);
      if (isNew) return { runId: run.runId, status: "started" };
      const isActive = edge.pipeline.active().get(run.sessionKey)?.includes(run.runId) === true;
      return { runId: run.runId, status: isActive ? "in_flight" : "ok" };
    },

    async "chat.abort"(params) {
      const { sessionKey } = sessionTarget(edge.settings(), params);
      const { runId } = params;
      await beginning.settled(sessionKey);
      if (runId !== undefined && edge.pipeline.active().get(sessionKey)?.includes(runId) !== true)
        return { ok: true, aborted: false, runIds: [] };
      const runIds = await edge.pipeline.abort(runId === undefined ? { sessionKey } : { runId });
      return { ok: true, aborted: runIds.length > 0, runIds };
    },

    async send(params, context) {
      const { signal } = context.call;
      if (params.channel !== undefined) return sendOverChannel(edge, { ...params, channel: params.channel }, signal);
      checkAssistant(params);
      const { run } = await start(params, context, {});
      return answerOf(run, await edge.pipeline.wait(run.runId, signal));
    },
  };
}

function agentRequest(params: ParamsOf<"agent">): TurnRequest {
  const { provider, model } = params;
  const ref = provider === undefined || model === undefined ? model : `${provider}/${model}`;
  return {
    ...optional("model", ref),
    ...optional("thinking", params.thinking),
    ...optional("queue", params.queueMode),
    ...optional("instructions", params.extraSystemPrompt),
    ...limitOf(params.timeout === undefined ? undefined : params.timeout * 1_000),
  };
}

/** A client that shows one window must not write into the next one without knowing. */
async function checkWindow(edge: Edge, params: RunParams, sessionKey: string): Promise<void> {
  if (!("sessionId" in params) || params.sessionId === undefined) return;
  const session = await edge.store.sessions.find(sessionKey);
  if (session === undefined || session.windowId === params.sessionId) return;
  throw new LoricaError("conflict", "the session was reset since; read its history again", {
    details: { reason: "session-changed", sessionId: session.windowId },
  });
}

function rehearsalOf(params: RunParams, { door }: CallContext): Pick<TurnRequest, "rehearsal"> {
  const asked = "rehearsal" in params ? params.rehearsal : undefined;
  if (asked === undefined) return {};
  if (door !== "local")
    throw new LoricaError("forbidden", "the rehearsal grammar is read from the owner's own socket only");
  return { rehearsal: { grammar: true, ...optional("script", asked.script) } };
}

function limitOf(timeoutMs: number | undefined): Pick<TurnRequest, "timeoutMs"> {
  return timeoutMs === undefined || timeoutMs === 0 ? {} : { timeoutMs: Math.min(timeoutMs, limits.turnTimeoutMs) };
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}
