// The kill switch at its place in the broker: asked before every effect, and told to the gateway, which stops what does
// not pass here.
import { join } from "node:path";
import type { AuditLog } from "../../../audit/audit.ts";
import type { Action } from "../../../base/action.ts";
import { systemClock } from "../../../base/clock.ts";
import { LoricaError } from "../../../base/errors.ts";
import { limits } from "../../../base/limits.ts";
import type { Broker, ProbedCells } from "../../../broker/broker.ts";
import { listAgents } from "../../../config/config.ts";
import { describeScope, effectOf, openHalts } from "../../../incident/incident.ts";
import type { Effect, Halts } from "../../../incident/incident.ts";
import { createKillAnswers } from "../../../incident/kill-answers.ts";
import type { KillAnswers } from "../../../incident/kill-answers.ts";
import { killMethods } from "../../../protocol/owner/kill.ts";
import type { PartStatus } from "../../../protocol/owner/kit.ts";
import type { HaltedDoors } from "../../gateway/halts.ts";
import type { Ground } from "../open-parts.ts";
import type { BrokerSide } from "../side.ts";

export type KillSide = BrokerSide & {
  readonly areas: KillAnswers;
  readonly halts: Halts;
  /** For the gateway's start: what it must not do by itself. */
  readonly doors: () => HaltedDoors;
  /** Ends what an agent has open to the outside; ended already where that is stopped. */
  readonly halted: (agentId: string) => AbortSignal;
};

export function openKillSide(
  { options, keeper, log }: Ground,
  { audit, cells }: { readonly audit: AuditLog; readonly cells: () => ProbedCells },
): KillSide {
  const own = log.source("kill");
  let broker: Broker | undefined;
  const halts = openHalts({
    path: join(options.paths.incident, "halts.json"),
    clock: systemClock,
    onChange() {
      // A command in the background answers to no signal: its cell ends.
      cells()
        .end(({ agentId }) => halts.haltOf({ agentId, capability: "exec" }) !== undefined)
        .catch((error: unknown) => own.error("a cell did not end", { err: error }));
      broker?.tell("halts", doors());
    },
    report: (message, err) => own.error(message, err === undefined ? {} : { err }),
  });
  const doors = (): HaltedDoors => ({ nodes: sayOf(halts, "nodes"), channels: sayOf(halts, "channels") });
  const record = (resource: string, reason: string, actor = "owner"): void => {
    audit.record({ kind: "incident", rule: "kill", actor, resource, ...(reason === "" ? {} : { reason }) });
    own.warn(resource, { actor, reason });
  };
  const agents = (): readonly string[] => listAgents(keeper.config(), options.paths).map(({ id }) => id);
  const byOwner = createKillAnswers(halts, { by: "owner", agents, record });
  const refuse = createRefusals(audit);
  return {
    areas: byOwner,
    halts,
    doors,
    halted(agentId) {
      const halt = halts.haltOf({ agentId, capability: "egress" });
      return halt === undefined ? halts.admit({ agentId, capability: "egress" }) : AbortSignal.abort(halt.reason);
    },
    answers: {
      // What an owner types in a chat reaches here as the gateway's word. It can stop, and never resume.
      async "kill.order"(params) {
        const parsed = killMethods["kill.halt"].params.safeParse(params["order"]);
        if (!parsed.success) throw new LoricaError("invalid_request", "an order to stop that is none");
        const by = `gateway:${String(params["by"]).slice(0, limits.nameMaxChars)}`;
        const say = (resource: string, reason: string): void => record(resource, reason, by);
        return await createKillAnswers(halts, { by, agents, record: say })["kill.halt"](parsed.data);
      },
    },
    async guard(action) {
      const effect = effectOf(action);
      if (effect === undefined) return undefined;
      try {
        return halts.admit(effect);
      } catch (error) {
        refuse(action, effect, error);
        throw error;
      }
    },
    part: () => describe(halts),
    start(started) {
      broker = started;
      for (const halt of halts.list()) record(`still stopped: ${describeScope(halt.scope)}`, halt.reason, halt.by);
      started.tell("halts", doors());
    },
    stop: async () => halts.close(),
  };
}

/** Whoever is stopped tries again and again; once in a while is enough to know. */
function createRefusals(audit: AuditLog): (action: Action, effect: Effect, error: unknown) => void {
  const lastAt = new Map<string, number>();
  return ({ verb, agentId, sessionKey, principal }, { capability }, error) => {
    const key = `${agentId} ${capability}`;
    const now = systemClock.now();
    if (now - (lastAt.get(key) ?? 0) < limits.haltRecordMs) return;
    if (lastAt.size >= limits.haltsMax) lastAt.clear();
    lastAt.set(key, now);
    const reason = error instanceof Error ? error.message : String(error);
    const about = { agentId, sessionKey, principal: principal.id, verb };
    audit.record({ kind: "decision", verdict: "deny", rule: "kill", reason, ...about });
  };
}

function sayOf(halts: Halts, capability: "nodes" | "channels"): string | null {
  const halt = halts.haltOf({ agentId: "", capability });
  return halt === undefined ? null : `the owner has stopped ${describeScope(halt.scope)}`;
}

function describe(halts: Halts): PartStatus {
  const list = halts.list();
  if (list.length === 0) return { name: "effects", state: "on", detail: "nothing is stopped", fix: null };
  const what = list.map(({ scope, reason }) => `${describeScope(scope)}${reason === "" ? "" : ` (${reason})`}`);
  return { name: "effects", state: "degraded", detail: `STOPPED: ${what.join(", ")}`, fix: "lorica resume" };
}
