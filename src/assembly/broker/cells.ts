// The cells at their place in the broker: how they are bounded, what the owner asks about them, and the acknowledgement
// without which no wall of theirs is ever lowered.
import type { AuditLog, AuditWriter, Log } from "../../audit/audit.ts";
import { systemClock } from "../../base/clock.ts";
import type { Clock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { CellsOptions, OwnerHandlers, ProbedCells } from "../../broker/broker.ts";
import type { PartStatus } from "../../protocol/owner/kit.ts";
import type { CellExplanation, sandboxMethods } from "../../protocol/owner/sandbox.ts";
import type { CellSettings } from "../../sandbox/sandbox.ts";
import { ceilingOf } from "../settings/ceiling.ts";
import { createEgressSide } from "./egress.ts";
import type { EgressParts, EgressSide } from "./egress.ts";
import { openCells } from "./open-parts.ts";
import type { Ground } from "./open-parts.ts";
import type { BrokerSide } from "./side.ts";

/** Kept in memory only: whoever starts the broker anew begins with every wall up. */
export type Lowering = {
  isLowered(): boolean;
  until(): number | undefined;
  /** For that long from now; 0 ends it. */
  set(forMs: number): void;
};

export function createLowering(clock: Clock, onEnd: () => void): Lowering {
  let until = 0;
  let timer: NodeJS.Timeout | undefined;
  const isLowered = (): boolean => clock.now() < until;
  return {
    isLowered,
    until: () => (isLowered() ? until : undefined),
    set(forMs) {
      clearTimeout(timer);
      until = clock.now() + forMs;
      if (forMs === 0) return onEnd();
      timer = setTimeout(onEnd, forMs).unref();
    },
  };
}

/** It looks after what cells may write, and is there only once they are. */
type WatchdogThen = {
  readonly watchdog: () => { readonly [Told in "isFirst" | "onInstructed"]: NonNullable<CellsOptions[Told]> };
};

/** The cells of this broker, and their side of it. The kill switch is there before them, because their way out asks it. */
export function openWalls(
  ground: Ground,
  auditWriter: AuditWriter,
  { onTried, watchdog, ...parts }: EgressParts & Pick<CellsDeps, "onTried"> & WatchdogThen,
): { readonly cells: ProbedCells; readonly side: CellsSide; readonly egress: EgressSide } {
  const egress = createEgressSide(ground, auditWriter, parts);
  const lowering = createLowering(systemClock, () => void cells.end(({ filter }) => filter === "relaxed"));
  const told: Parameters<typeof openCells>[2] = {
    isFirst: (agentId) => watchdog().isFirst(agentId),
    onInstructed: (...written) => watchdog().onInstructed(...written),
    isLowered: lowering.isLowered,
    openWayOut: egress.openWayOut,
  };
  const cells = alertIfFallen(openCells(ground, auditWriter, told), ground.alertOwner);
  const side = createCellsSide({
    cells,
    lowering,
    agents: () => ceilingOf(ground.keeper.config(), ground.options.paths).agents,
    audit: auditWriter.source("broker"),
    log: ground.log.source("sandbox"),
    onTried,
  });
  return { cells, side, egress };
}

/** What has never stood on this host is in the status; what stood and fell is news. */
export function alertIfFallen(cells: ProbedCells, alertOwner: (text: string) => void): ProbedCells {
  return {
    ...cells,
    async probe(signal) {
      const stood = cells.status().kind !== "off";
      const status = await cells.probe(signal);
      if (stood && status.kind === "off")
        alertOwner(`A wall of the sandbox has fallen, so commands and file tools are off: ${status.reason}`);
      return status;
    },
  };
}

export type CellsDeps = {
  readonly cells: ProbedCells;
  readonly agents: () => ReadonlyMap<string, CellSettings>;
  readonly lowering: Lowering;
  readonly audit: AuditLog;
  readonly log: Log;
  /** Whoever is told of the sandbox is told again. */
  readonly onTried: () => void;
};

export type CellsSide = BrokerSide & { readonly areas: Pick<OwnerHandlers, keyof typeof sandboxMethods> };

export function createCellsSide(deps: CellsDeps): CellsSide {
  const { cells, lowering } = deps;
  return {
    part: () => describeLimits(deps),
    // Whatever is left of it is not left to a timer.
    stop: async () => lowering.set(0),
    areas: {
      "sandbox.list": async () => ({ cells: cells.list(), loweredUntil: lowering.until() ?? null }),
      "sandbox.explain": async ({ agent }) => ({ agents: explainAgents(deps, agent) }),
      async "sandbox.recreate"({ agent, session }) {
        const ended = await cells.end(
          (cell) =>
            (agent === undefined || cell.agentId === agent) && (session === undefined || cell.sessionKey === session),
        );
        deps.audit.record({ kind: "effect", actor: "owner", resource: "cells ended", result: { ended } });
        return { ended };
      },
      async "sandbox.test"(_params, { signal }) {
        const begun = performance.now();
        const status = await cells.probe(signal);
        deps.onTried();
        const { kind, detail } = cells.groups();
        return {
          state: status.kind,
          reason: status.kind === "off" ? status.reason : null,
          fix: status.kind === "off" ? status.fix : null,
          tookMs: Math.round(performance.now() - begun),
          walls: status.walls,
          limits: { kind, detail },
        };
      },
      "sandbox.lower": async ({ forMs }) => lower(deps, forMs),
    },
  };
}

function lower({ agents, lowering, audit, log }: CellsDeps, forMs: number) {
  const asking = [...agents()].filter(([, { mode }]) => mode === "off" || mode === "non-main").map(([id]) => id);
  if (forMs > 0 && asking.length === 0)
    throw new LoricaError(
      "invalid_request",
      "no agent's sandbox.mode is off or non-main, so there is nothing to lower; set it first: lorica config set agents.defaults.sandbox.mode off",
    );
  lowering.set(forMs);
  const until = lowering.until() ?? null;
  audit.record({
    kind: "config",
    actor: "owner",
    resource: forMs === 0 ? "the filter of system calls is up again" : "the filter of system calls is lowered",
    reason: "acknowledged by the owner",
    result: { forMs, agents: asking.join(", ") },
  });
  if (until !== null) log.warn("the filter of system calls is lowered", { until: new Date(until).toISOString() });
  return { until, agents: asking };
}

/** The line in the owner's status. A wall that is lowered is shown for as long as it is. */
function describeLimits({ cells, lowering, agents }: CellsDeps): PartStatus {
  const until = lowering.until();
  if (until !== undefined)
    return {
      name: "cells",
      state: "degraded",
      detail: `the filter of system calls is LOWERED until ${new Date(until).toISOString()}, as you acknowledged`,
      fix: "lorica sandbox off --for 0",
    };
  const { kind, detail } = cells.groups();
  const waiting = [...agents()].some(([, { mode }]) => mode === "off")
    ? "; sandbox.mode off has no effect until you acknowledge it: lorica sandbox off --for 1h"
    : "";
  return {
    name: "cells",
    state: kind === "none" ? "degraded" : "on",
    detail: `${kind === "none" ? "" : `${kind}: `}${detail}${waiting}`,
    fix: kind === "none" ? "lorica gateway install (the service is given a group to divide)" : null,
  };
}

function explainAgents(deps: CellsDeps, wanted: string | undefined): readonly CellExplanation[] {
  const agents = [...deps.agents()].filter(([id]) => wanted === undefined || id === wanted);
  if (agents.length === 0) throw new LoricaError("not_found", `there is no agent ${wanted ?? ""}`);
  return agents.map(([id, settings]) => explain(deps, id, settings));
}

function explain({ cells }: CellsDeps, agentId: string, configured: CellSettings): CellExplanation {
  const status = cells.status();
  const described = cells.describe({ agentId, sessionKey: `agent:${agentId}:main`, isOwnersOnly: true });
  const settings = described.ok ? described.value.settings : configured;
  const { kind, detail } = cells.groups();
  return {
    agentId,
    workspace: settings.workspace,
    access: settings.access,
    mode: settings.mode ?? "all",
    scope: settings.scope ?? "session",
    filter: settings.filter ?? "full",
    digest: described.ok ? described.value.digest : null,
    locked: settings.locked ?? [],
    processesMax: settings.bounds?.processes ?? limits.cellProcessesMax,
    memoryBytes: settings.bounds?.memoryBytes ?? limits.cellMemoryBytes,
    binds: (settings.binds ?? []).map(({ source, target, access }) => `${source}:${target}:${access}`),
    folders: settings.folders ?? [],
    variables: Object.keys(settings.environment ?? {}),
    limits: { kind, detail },
    refused: described.ok ? null : described.reason,
    fix: status.kind === "off" ? status.fix : null,
  };
}
