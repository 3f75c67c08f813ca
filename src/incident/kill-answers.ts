// What the owner's methods on the kill switch do, beside a running broker and without one.
import { LoricaError } from "../base/errors.ts";
import type { HaltRow, killMethods } from "../protocol/owner/kill.ts";
import type { OwnerParamsOf, OwnerResultOf } from "../protocol/owner-methods.ts";
import { describeScope } from "./halts.ts";
import type { Halt, HaltScope, Halts } from "./halts.ts";

export type KillAnswers = {
  readonly [M in keyof typeof killMethods]: (params: OwnerParamsOf<M>) => Promise<OwnerResultOf<M>>;
};

export function createKillAnswers(
  halts: Halts,
  about: {
    readonly by: string;
    /** The agents that there are; undefined where nobody can say. */
    readonly agents: () => readonly string[] | undefined;
    readonly record: (what: string, reason: string) => void;
  },
): KillAnswers {
  const rows = (): readonly HaltRow[] => halts.list().map(rowOf);
  return {
    async "kill.halt"({ forMs, reason = "", ...target }) {
      // Told that somebody misspelt is stopped, the owner would believe that the right one is.
      refuseUnknown(target.agent, about.agents());
      const halt = await halts.halt({ scope: scopeOf(target), by: about.by, reason, forMs });
      about.record(`stopped: ${describeScope(halt.scope)}`, reason);
      return { halt: rowOf(halt), halts: rows() };
    },
    "kill.status": async () => ({ halts: rows() }),
    async "kill.resume"({ id }) {
      const before = rows();
      const resumed = await halts.resume(id);
      const left = new Set(rows().map((row) => row.id));
      for (const row of before) if (!left.has(row.id)) about.record(`resumed: ${row.what}`, "");
      return { resumed, halts: rows() };
    },
  };
}

function refuseUnknown(agent: string | undefined, agents: readonly string[] | undefined): void {
  if (agent === undefined || agents === undefined || agents.includes(agent)) return;
  throw new LoricaError("not_found", `nothing was stopped: there is no agent ${agent}; there is ${agents.join(", ")}`);
}

export function scopeOf({ agent, capability }: Pick<OwnerParamsOf<"kill.halt">, "agent" | "capability">): HaltScope {
  if (agent !== undefined && capability !== undefined)
    throw new LoricaError("invalid_request", "stop an agent or a capability; for both, stop one and then the other");
  if (agent !== undefined) return { kind: "agent", agentId: agent };
  return capability === undefined ? { kind: "all" } : { kind: "capability", capability };
}

export function rowOf({ id, at, until, by, reason, scope }: Halt): HaltRow {
  return { id, at, until: until ?? null, by, reason, what: describeScope(scope) };
}
