// The methods on sessions, apart from reading their messages.
import { LoricaError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import type { MethodHandlers, ParamsOf } from "../../protocol/methods.ts";
import type { SessionChange, SessionRow } from "../../protocol/shapes.ts";
import type { Session } from "../../store/store.ts";
import type { Broadcast } from "../broadcast.ts";
import type { CallContext } from "../dispatch.ts";
import type { Edge } from "../edge.ts";
import type { Runs } from "../run.ts";
import { modelDefaults, sessionRow } from "./rows.ts";
import { sessionTarget } from "./target.ts";

type Names = Extract<keyof MethodHandlers<CallContext>, `sessions.${string}`>;
type Deps = { readonly edge: Edge; readonly runs: Runs; readonly broadcast: Broadcast };

export function createSessionMethods(deps: Deps): Pick<MethodHandlers<CallContext>, Names> {
  const { edge, broadcast } = deps;
  return {
    "sessions.list": (params) => listSessions(edge, params),

    async "sessions.describe"(params) {
      const { sessionKey } = sessionTarget(edge.settings(), params);
      const session = await edge.store.sessions.find(sessionKey);
      return { session: session === undefined ? null : sessionRow(edge, session) };
    },

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
      if (session === undefined) return { ok: true, key: sessionKey, deleted: false, archived: [] };
      checkExpected(session, params.expectedSessionId);
      await edge.pipeline.abort({ sessionKey });
      await edge.store.sessions.delete(sessionKey);
      broadcast.sessionChanged({ sessionKey, agentId }, "delete");
      return { ok: true, key: sessionKey, deleted: true, archived: [] };
    },

    "sessions.compact": (params, context) => compact(deps, params, context),

    async "sessions.export"(params, { call }) {
      const { sessionKey } = sessionTarget(edge.settings(), params);
      await existing(edge, sessionKey, undefined);
      const part = await takePart(edge.transfer.exportLines(sessionKey, call.signal), params.offset ?? 0);
      return { key: sessionKey, ...part };
    },

    async "sessions.import"(params) {
      const target = sessionTarget(edge.settings(), params);
      const sessionKey = params.key === undefined ? undefined : target.sessionKey;
      const { agentId } = target;
      const imported = await edge.transfer.importText(params.text, { agentId, sessionKey });
      broadcast.sessionChanged({ sessionKey: imported.sessionKey, agentId }, "import");
      return { key: imported.sessionKey, sessionId: imported.windowId, entries: imported.entries };
    },
  };
}

async function listSessions(edge: Edge, params: ParamsOf<"sessions.list">) {
  const limit = params.limit ?? 100;
  const offset = params.offset ?? 0;
  const agent = params.agentId === undefined ? {} : { agentId: params.agentId };
  const all = await edge.store.sessions.list({ ...agent, limit: limits.sessionsListMax, offset: 0 });
  const matching = all
    .map((session) => sessionRow(edge, session))
    .filter((row) => matches(row, params, edge.clock.now()));
  const sessions = matching.slice(offset, offset + limit);
  const hasMore = offset + sessions.length < matching.length;
  return {
    ts: edge.clock.now(),
    // Where the database is, is nothing that a client needs to know.
    path: "(store)",
    count: sessions.length,
    totalCount: matching.length,
    limitApplied: limit,
    nextOffset: hasMore ? offset + sessions.length : null,
    hasMore,
    owners: [] as const,
    defaults: modelDefaults(edge, params.agentId ?? edge.settings().defaultAgentId),
    sessions,
  };
}

const minuteMs = 60_000;

function matches(row: SessionRow, params: ParamsOf<"sessions.list">, now: number): boolean {
  if (params.activeOnly === true && !row.hasActiveRun) return false;
  if (params.activeMinutes !== undefined && now - row.updatedAt > params.activeMinutes * minuteMs) return false;
  if (params.label !== undefined && row.label !== params.label) return false;
  const search = params.search?.toLowerCase();
  return search === undefined || row.key.includes(search) || row.label?.toLowerCase().includes(search) === true;
}

/** Compaction is a turn like any other, so that it waits its place in the session and is journalled. */
async function compact({ edge, runs }: Deps, params: ParamsOf<"sessions.compact">, { call }: CallContext) {
  const target = sessionTarget(edge.settings(), params);
  await existing(edge, target.sessionKey, undefined);
  const runId = newId();
  let compacted = false;
  const stop = edge.pipeline.watch((event, about) => {
    compacted ||= about.runId === runId && event.type === "compacted";
  });
  try {
    await runs.start({
      door: "cli",
      runId,
      idempotencyKey: runId,
      body: params,
      chatId: target.sessionKey,
      text: "/compact",
      media: async () => [],
      request: { ...target, queue: "followup" },
    });
    const { outcome } = await edge.pipeline.wait(runId, call.signal);
    const reason =
      outcome.status === "done" ? outcome.text : outcome.status === "failed" ? outcome.message : "cancelled";
    return { ok: outcome.status === "done", key: target.sessionKey, compacted, ...(compacted ? {} : { reason }) };
  } finally {
    stop();
  }
}

/** As many lines from `offset` on as fit one frame, and where to go on. */
async function takePart(
  source: AsyncIterable<string>,
  offset: number,
): Promise<{ readonly lines: readonly string[]; readonly nextOffset: number | null }> {
  const lines: string[] = [];
  let index = 0;
  let bytes = 0;
  for await (const line of source) {
    index += 1;
    if (index <= offset) continue;
    if (lines.length > 0 && bytes + line.length > limits.exportPartBytes) return { lines, nextOffset: index - 1 };
    lines.push(line);
    bytes += line.length;
  }
  return { lines, nextOffset: null };
}

async function existing(edge: Edge, sessionKey: string, expectedSessionId: string | undefined): Promise<Session> {
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

function checkModel(edge: Edge, ref: string): void {
  if (edge.models.describe(ref) !== undefined) return;
  throw new LoricaError("invalid_request", `no model ${JSON.stringify(ref)}; \`models list\` shows what there is`);
}

function change(edge: Edge, session: Session): SessionChange {
  const { modelProvider, model } = sessionRow(edge, session);
  const { windowId: sessionId, updatedAt, title } = session;
  return {
    ok: true,
    key: session.key,
    entry: { sessionId, updatedAt, ...(title === undefined ? {} : { label: title }) },
    resolved: { modelProvider: modelProvider ?? null, model: model ?? null },
  };
}
