// Sessions looked up: by key, id or label, a few messages of each, and what they cost.
import { LoricaError } from "../../../base/errors.ts";
import { limits } from "../../../base/limits.ts";
import type { ParamsOf } from "../../../protocol/methods.ts";
import type { ClientMessage, SessionPreview, SessionResolved, SessionsUsageResult } from "../../../protocol/shapes.ts";
import type { Session } from "../../../store/store.ts";
import type { Edge } from "../../edge.ts";
import { clientMessage } from "../messages.ts";
import { sessionRow } from "../rows.ts";
import { sessionTarget } from "../target.ts";
import { noFigures, sumFigures } from "../usage.ts";

const previewItems = 4;
const previewChars = 240;
const usageDays = 30;
const usageSessions = 50;
const dayMs = 86_400_000;

export async function describeSession(edge: Edge, params: ParamsOf<"sessions.describe">) {
  const { sessionKey } = sessionTarget(edge.settings(), params);
  const session = await edge.store.sessions.find(sessionKey);
  return { session: session === undefined ? null : sessionRow(edge, session) };
}

export async function resolveSession(edge: Edge, params: ParamsOf<"sessions.resolve">): Promise<SessionResolved> {
  const session = await findSession(edge, params);
  if (session !== undefined) {
    const displayName = session.title === undefined ? {} : { displayName: session.title };
    return { ok: true, key: session.key, agentId: session.agentId, ...displayName };
  }
  if (params.allowMissing === true) return { ok: false };
  throw new LoricaError("not_found", "no session matches; `sessions list` shows them");
}

async function findSession(edge: Edge, params: ParamsOf<"sessions.resolve">): Promise<Session | undefined> {
  const { sessionId, label } = params;
  if (params.key !== undefined)
    return await edge.store.sessions.find(sessionTarget(edge.settings(), { ...params, key: params.key }).sessionKey);
  if (sessionId === undefined && label === undefined)
    throw new LoricaError("invalid_request", "say which session: by key, sessionId or label");
  const agent = params.agentId === undefined ? {} : { agentId: params.agentId };
  const all = await edge.store.sessions.list({ ...agent, limit: limits.sessionsListMax, offset: 0 });
  return all.find(
    ({ windowId, title }) =>
      (sessionId === undefined || windowId === sessionId) && (label === undefined || title === label),
  );
}

export async function previewSession(
  edge: Edge,
  key: string,
  params: ParamsOf<"sessions.preview">,
): Promise<SessionPreview> {
  const session = await edge.store.sessions.find(sessionTarget(edge.settings(), { key }).sessionKey);
  if (session === undefined) return { key, status: "missing", items: [] };
  const { limit = previewItems, maxChars = previewChars } = params;
  // The newest entries are enough: calls of tools, which are no messages, stand between them.
  const afterSeq = Math.max(0, session.entryCount - 8 * limit);
  const entries = await edge.store.transcript.read(session.windowId, { afterSeq });
  const items = entries
    .flatMap((entry) => clientMessage(entry, maxChars) ?? [])
    .map((message) => ({ role: message.role, text: textOf(message).slice(0, maxChars) }))
    .filter(({ text }) => text !== "")
    .slice(-limit);
  return { key, status: items.length === 0 ? "empty" : "ok", items };
}

function textOf({ content }: ClientMessage): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  const parts = content as readonly { readonly type?: unknown; readonly text?: unknown }[];
  return parts.flatMap(({ type, text }) => (type === "text" && typeof text === "string" ? [text] : [])).join("\n");
}

export async function sessionsUsage(edge: Edge, params: ParamsOf<"sessions.usage">): Promise<SessionsUsageResult> {
  const now = edge.clock.now();
  const since = Math.floor(now / dayMs) * dayMs - ((params.days ?? usageDays) - 1) * dayMs;
  const sessions = [];
  for (const session of await sessionsAsked(edge, params)) {
    const usage = sumFigures(await edge.store.usage.totals(since, session.key));
    const { key, windowId: sessionId, agentId, updatedAt, title } = session;
    sessions.push({ key, sessionId, agentId, updatedAt, ...(title === undefined ? {} : { label: title }), usage });
  }
  const isOne = params.key !== undefined;
  const totals = isOne ? (sessions[0]?.usage ?? noFigures) : sumFigures(await edge.store.usage.totals(since));
  return { updatedAt: now, startDate: dateOf(since), endDate: dateOf(now), sessions, totals };
}

async function sessionsAsked(edge: Edge, params: ParamsOf<"sessions.usage">): Promise<readonly Session[]> {
  if (params.key !== undefined) {
    const one = await edge.store.sessions.find(
      sessionTarget(edge.settings(), { ...params, key: params.key }).sessionKey,
    );
    return one === undefined ? [] : [one];
  }
  const agent = params.agentId === undefined ? {} : { agentId: params.agentId };
  return await edge.store.sessions.list({ ...agent, limit: params.limit ?? usageSessions, offset: 0 });
}

function dateOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
