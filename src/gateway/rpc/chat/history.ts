// chat.history: the newest messages of a session's window within a byte budget, or what came since a cursor.
import { limits } from "../../../base/limits.ts";
import type { ParamsOf } from "../../../protocol/methods.ts";
import type { ChatHistoryResult, ClientMessage, PlacedMessage } from "../../../protocol/shapes.ts";
import type { Entry, Session } from "../../../store/store.ts";
import type { Edge } from "../../edge.ts";
import { clientMessage, placedMessage } from "../messages.ts";
import { modelDefaults, sessionRow } from "../rows.ts";
import { sessionTarget } from "../target.ts";

const messagesDefault = 200;
const textDefaultChars = 500_000;

export async function chatHistory(edge: Edge, params: ParamsOf<"chat.history">): Promise<ChatHistoryResult> {
  const target = sessionTarget(edge.settings(), params);
  const session = await edge.store.sessions.find(target.sessionKey);
  if (params.cursor !== undefined) return since(edge, session, { ...params, cursor: params.cursor });
  return window(edge, session, { ...params, ...target });
}

async function window(
  edge: Edge,
  session: Session | undefined,
  params: ParamsOf<"chat.history"> & { readonly agentId: string },
): Promise<ChatHistoryResult> {
  const { limit = messagesDefault, offset = 0 } = params;
  const entries = session === undefined ? [] : await newestEntries(edge, session, limit + offset);
  const all = toMessages(entries, params.maxChars ?? textDefaultChars);
  const wanted = all.slice(Math.max(0, all.length - offset - limit), Math.max(0, all.length - offset));
  const messages = withinBudget(wanted, Math.min(params.maxBytes ?? limits.historyMaxBytes, limits.historyMaxBytes));
  const isWhole = entries[0] === undefined || entries[0].seq === 1;
  return {
    sessionKey: params.sessionKey,
    sessionId: session?.windowId ?? null,
    messages,
    pendingInputs: { items: [], total: 0 },
    deltaCursor: cursorOf(session, entries),
    hasMore: !isWhole || messages.length + offset < all.length,
    totalMessages: isWhole ? all.length : (session?.entryCount ?? 0),
    defaults: modelDefaults(edge, params.agentId),
    sessionInfo: session === undefined ? null : sessionRow(edge, session),
    ...inFlight(edge, params.sessionKey),
  };
}

async function since(
  edge: Edge,
  session: Session | undefined,
  params: ParamsOf<"chat.history"> & { readonly cursor: string },
): Promise<ChatHistoryResult> {
  const match = /^(.{1,128}):(\d{1,12})$/.exec(params.cursor);
  if (session === undefined || match === null || match[1] !== session.windowId) return { kind: "reset" };
  const afterSeq = Number(match[2]);
  const entries = await edge.store.transcript.read(session.windowId, { afterSeq, limit: limits.sessionsListMax });
  const messages = await placed(edge, session, { entries, maxChars: params.maxChars ?? textDefaultChars });
  // Leaving out the oldest would be a silent gap in what the client has.
  if (withinBudget(messages, limits.historyMaxBytes).length < messages.length) return { kind: "reset" };
  return {
    kind: "delta",
    messages,
    deltaCursor: entries.length === 0 ? params.cursor : cursorOf(session, entries),
    sessionInfo: sessionRow(edge, session),
    ...inFlight(edge, session.key),
  };
}

async function placed(
  edge: Edge,
  session: Session,
  { entries, maxChars }: { readonly entries: readonly Entry[]; readonly maxChars: number },
): Promise<readonly PlacedMessage[]> {
  const ids = [...new Set(entries.map(({ turnId }) => turnId))];
  const turns = new Map(await Promise.all(ids.map(async (id) => [id, await edge.store.turns.find(id)] as const)));
  // What was imported has no turn here.
  const none = { sessionKey: session.key, agentId: session.agentId, inboxIds: [] };
  return entries.flatMap((entry) => placedMessage(turns.get(entry.turnId) ?? none, entry, maxChars) ?? []);
}

/** Read from the end: a long session costs no more than a short one. */
async function newestEntries(edge: Edge, session: Session, messages: number): Promise<readonly Entry[]> {
  // A tool call is two entries for one message; the rest of the journal is sparse.
  const afterSeq = Math.max(0, session.entryCount - 2 * messages - 16);
  return edge.store.transcript.read(session.windowId, { afterSeq });
}

function toMessages(entries: readonly Entry[], textMaxChars: number): readonly ClientMessage[] {
  return entries.flatMap((entry) => clientMessage(entry, textMaxChars) ?? []);
}

/** The newest that fit. */
function withinBudget<T>(messages: readonly T[], maxBytes: number): readonly T[] {
  let bytes = 0;
  let from = messages.length;
  while (from > 0) {
    bytes += Buffer.byteLength(JSON.stringify(messages[from - 1]));
    if (bytes > maxBytes) break;
    from -= 1;
  }
  return messages.slice(from);
}

function cursorOf(session: Session | undefined, entries: readonly Entry[]): string {
  return `${session?.windowId ?? "none"}:${entries.at(-1)?.seq ?? 0}`;
}

function inFlight(edge: Edge, sessionKey: string): { readonly inFlightRun?: { readonly runId: string } } {
  const runId = edge.pipeline.active().get(sessionKey)?.[0];
  return runId === undefined ? {} : { inFlightRun: { runId } };
}

/** One message of the current window, by the id that `chat.history` gives it. */
export async function findMessage(
  edge: Edge,
  params: ParamsOf<"chat.message.get">,
): Promise<ClientMessage | undefined> {
  const { sessionKey } = sessionTarget(edge.settings(), params);
  const session = await edge.store.sessions.find(sessionKey);
  if (session === undefined) return undefined;
  const entries = await edge.store.transcript.read(session.windowId);
  const entry = entries.find(({ id }) => id === params.messageId);
  return entry && clientMessage(entry, params.maxChars ?? textDefaultChars);
}
