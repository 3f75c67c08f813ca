// The methods that only tell.
import type { infoMethods } from "../../protocol/methods/info.ts";
import type { HandlersOf } from "../../protocol/methods/kit.ts";
import type { HealthResult, StatusResult } from "../../protocol/shapes.ts";
import type { CallContext } from "../dispatch.ts";
import type { Edge } from "../edge.ts";
import { channelsHealth } from "./channels/status.ts";
import type { Parts } from "./parts.ts";
import { agentRows, modelChoices, modelDefaults } from "./rows.ts";
import { systemInfo } from "./info/system.ts";
import { sessionTarget } from "./target.ts";
import { noFigures, subtractFigures, sumFigures } from "./usage.ts";

const dayMs = 86_400_000;
const daysDefault = 30;
const recentMax = 10;

export function createInfoMethods({
  edge,
  connections,
  presence,
}: Pick<Parts, "edge" | "connections" | "presence">): HandlersOf<typeof infoMethods, CallContext> {
  return {
    health: () => health(edge),

    status: () => status(edge, connections()),

    "models.list": async (params) => ({ models: modelChoices(edge, sessionTarget(edge.settings(), params).agentId) }),

    "usage.cost": ({ days }) => usageCost(edge, days ?? daysDefault),

    "usage.status": async () => ({ updatedAt: edge.clock.now(), providers: [] }),

    "system-presence": async () => presence(),

    "logs.tail": (params, { call }) => edge.remote.tailLog(params, call.signal),

    "system.info": async () => systemInfo(edge),

    "last-heartbeat": async () => null,

    "update.status": async () => ({ sentinel: null, updateAvailable: null }),

    async "skills.status"(params) {
      return { agentId: sessionTarget(edge.settings(), params).agentId, skills: [] };
    },
  };
}

/** The same over RPC and as `/api/status`. */
export async function status(edge: Edge, connections: StatusResult["connections"]): Promise<StatusResult> {
  const settings = edge.settings();
  const active = [...edge.pipeline.active().values()];
  const { rss, heapUsed } = process.memoryUsage();
  return {
    runtimeVersion: settings.version,
    uptimeMs: edge.clock.now() - edge.startedAt,
    phase: edge.isDraining() ? "draining" : "accepting",
    defaultAgentId: settings.defaultAgentId,
    agents: agentRows(edge),
    sessions: { count: await countSessions(edge), defaults: modelDefaults(edge, settings.defaultAgentId) },
    runs: { active: active.flat().length, sessions: active.filter((runs) => runs.length > 0).length },
    sandbox: sandboxView(edge),
    dangers: settings.dangers,
    config: await edge.remote.configStatus(),
    connections,
    processMemory: { rssBytes: rss, heapUsedBytes: heapUsed },
  };
}

export async function health(edge: Edge): Promise<HealthResult> {
  const ts = edge.clock.now();
  const recent = await edge.store.sessions.list({ limit: recentMax, offset: 0 });
  return {
    ok: true,
    ts,
    durationMs: edge.clock.now() - ts,
    plugins: { loaded: [], errors: [] },
    ...channelsHealth(edge),
    defaultAgentId: edge.settings().defaultAgentId,
    sessions: {
      path: "(store)",
      count: recent.length,
      recent: recent.map(({ key, updatedAt }) => ({ key, updatedAt, age: ts - updatedAt })),
    },
  };
}

async function countSessions(edge: Edge): Promise<number> {
  const pageSize = 1_000;
  for (let count = 0; ; count += pageSize) {
    const page = await edge.store.sessions.list({ limit: pageSize, offset: count });
    if (page.length < pageSize) return count + page.length;
  }
}

function sandboxView(edge: Edge): StatusResult["sandbox"] {
  const status = edge.sandbox();
  const { walls } = status;
  if (status.kind === "verified") return { state: "verified", walls };
  return { state: "off", reason: status.reason, fix: status.fix, walls };
}

async function usageCost(edge: Edge, days: number) {
  const now = edge.clock.now();
  const today = Math.floor(now / dayMs) * dayMs;
  const daily = [];
  let later = noFigures;
  for (let back = 0; back < days; back++) {
    const start = today - back * dayMs;
    const sinceStart = sumFigures(await edge.store.usage.totals(start));
    daily.push({ date: new Date(start).toISOString().slice(0, 10), ...subtractFigures(sinceStart, later) });
    later = sinceStart;
  }
  return { updatedAt: now, days, daily: daily.toReversed(), totals: later };
}
