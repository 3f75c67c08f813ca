// sessions.list: the rows that a client asks for, the last used first.
import { limits } from "../../../base/limits.ts";
import type { ParamsOf } from "../../../protocol/methods.ts";
import type { SessionRow, SessionsListResult } from "../../../protocol/shapes.ts";
import type { Edge } from "../../edge.ts";
import { modelDefaults, sessionRow } from "../rows.ts";

export async function listSessions(edge: Edge, params: ParamsOf<"sessions.list">): Promise<SessionsListResult> {
  const limit = Math.min(params.limit ?? limitDefault, limits.sessionsListPageMax);
  const offset = params.offset ?? 0;
  const agent = params.agentId === undefined ? {} : { agentId: params.agentId };
  const all = await edge.store.sessions.list({ ...agent, limit: limits.sessionsListMax, offset: 0 });
  // Nothing is ever archived, and no session begins another.
  const isNone = params.archived === true || params.spawnedBy !== undefined;
  const matching = (isNone ? [] : all)
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

const limitDefault = 100;
const minuteMs = 60_000;

function matches(row: SessionRow, params: ParamsOf<"sessions.list">, now: number): boolean {
  if (params.activeOnly === true && !row.hasActiveRun) return false;
  if (params.activeMinutes !== undefined && now - row.updatedAt > params.activeMinutes * minuteMs) return false;
  if (params.label !== undefined && row.label !== params.label) return false;
  const search = params.search?.toLowerCase();
  return search === undefined || row.key.includes(search) || row.label?.toLowerCase().includes(search) === true;
}
