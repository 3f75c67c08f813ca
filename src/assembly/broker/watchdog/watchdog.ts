// The watchdog at its place in the broker: what alerts the owner, and what the owner asks it.
import { join } from "node:path";
import { systemClock } from "../../../base/clock.ts";
import type { AuditLog } from "../../../audit/audit.ts";
import { limits } from "../../../base/limits.ts";
import { renderCount } from "../../../base/text/count.ts";
import type { OwnerHandlers, ProbedCells } from "../../../broker/broker.ts";
import type { BrokerOptions } from "../../../cli/cli.ts";
import { listAgents } from "../../../config/config.ts";
import { instructionFiles } from "../../../protocol/known/instruction-files.ts";
import type { AgentSettings, Finding } from "../../../config/config.ts";
import { watchFiles } from "../../../config/keep/watch.ts";
import type { PartStatus } from "../../../protocol/owner/kit.ts";
import type { watchdogMethods } from "../../../protocol/owner/watchdog.ts";
import { openInstructionBook, watchInstructions } from "../../../watchdog/watchdog.ts";
import type { AlertOwner, Alerts, InstructionBook, InstructionWatch } from "../../../watchdog/watchdog.ts";
import type { ConfigKeeper } from "../config-keeper.ts";
import { createDrift } from "./drift.ts";
import { openUnits } from "./units.ts";
import type { BrokerSide } from "../side.ts";

export type WatchdogSide = BrokerSide & {
  /** Whether an agent's first conversation is not over, as far as anybody but the agent knows. */
  readonly isFirst: (agentId: string) => boolean;
  /** An instruction file was written for the gateway. */
  readonly onInstructed: (agentId: string, name: string, content: string) => void;
  readonly areas: Pick<OwnerHandlers, keyof typeof watchdogMethods>;
  /** A change of the config files that others made. */
  readonly onFinding: (finding: Finding) => void;
};

export type WatchdogDeps = {
  readonly options: Pick<BrokerOptions, "paths" | "env">;
  readonly alerts: Alerts;
  readonly keeper: ConfigKeeper;
  readonly audit: AuditLog;
  readonly alertOwner: AlertOwner;
  readonly cells: Pick<ProbedCells, "endUnlocked" | "mayWriteInstructions">;
};

export function createWatchdogSide(deps: WatchdogDeps): WatchdogSide {
  const { options, alerts, keeper, audit, alertOwner, cells } = deps;
  const { service } = keeper;
  const agents = () => listAgents(keeper.config(), options.paths);
  const instructions = openInstructions(deps, agents);
  const { record } = audit;
  const units = openUnits({ ...options, record, alertOwner, settle: alerts.settle });
  // Before anything is served: what changes from now on is told from what was there.
  units.look();
  const drift = createDrift({ paths: options.paths, keeper, instructions, units, alerts });
  return {
    onInstructed: instructions.written,
    isFirst: instructions.isFirst,
    inForce: instructions.inForce,
    answers: {
      // The gateway says only that it took a message on; what the message was about is known here.
      async "alert.told"({ ids }) {
        if (Array.isArray(ids)) alerts.told(ids.filter((id) => typeof id === "string"));
        return null;
      },
    },
    areas: {
      "config.pending": async () => ({ edits: await service.pending() }),
      "config.accept": async ({ only, digest }) => {
        const change = await service.accept(only ?? [], "owner", digest);
        alerts.settle(changedByOthers);
        return change;
      },
      "config.reject": async () => {
        const refused = await service.reject();
        alerts.settle(changedByOthers);
        return refused;
      },
      ...units.areas,
      "watchdog.status": async () => await drift.status(),
      "watchdog.baseline": async () => await drift.baseline(),
      async "watchdog.accept"({ agentId, name }) {
        instructions.accept(agentId, name);
        alerts.settle(`${name} of the agent ${agentId} `);
        return { accepted: true };
      },
      async "watchdog.restore"({ agentId, name }) {
        instructions.restore(agentId, name);
        alerts.settle(`${name} of the agent ${agentId} `);
        return { restored: true };
      },
      "watchdog.alerts": async () => ({ alerts: alerts.open() }),
      "watchdog.ack": async ({ id }) => ({ acknowledged: await alerts.acknowledge(id) }),
    },
    onFinding: (finding) => hearFinding(finding, { alerts, audit }),
    part: () => (keeper.filesState() === "fighting" ? lostFight : partOf(alerts)),
    start(broker, signal) {
      alerts.carry((message) => broker.tell("alert", message), signal);
      units.start(signal);
      startWatching(instructions, { agents, alertOwner, cells }, signal);
    },
    stop: () => alerts.saved(),
  };
}

function openInstructions(deps: WatchdogDeps, agents: () => readonly AgentSettings[]): InstructionWatch {
  const { alertOwner, audit, cells } = deps;
  return watchInstructions({
    agents,
    book: openBook(deps),
    clock: systemClock,
    alertOwner,
    mayBeWritten: cells.mayWriteInstructions,
    record: ({ agentId, name, what, by }) =>
      audit.record({
        kind: "watchdog",
        rule: `instructions.${what.replace(" ", "-")}`,
        agentId,
        actor: by,
        resource: name,
      }),
  });
}

function openBook({ options, audit, alertOwner }: WatchdogDeps): InstructionBook {
  const book = openInstructionBook(join(options.paths.watchdog, "instructions"));
  if (book.damaged.length > 0) hearDamage(book.damaged, { audit, alertOwner });
  return book;
}

function partOf(alerts: Alerts): PartStatus {
  const notes = alerts.open().map(({ text, times }) => (times === 1 ? text : `${text} (${times} times)`));
  const detail =
    notes.length === 0 ? "nothing to tell" : `${renderCount(notes.length, "alert")} that you have not acknowledged`;
  const fix = notes.length === 0 ? null : "lorica watchdog alerts";
  return { name: "watchdog", state: "on", detail, fix, notes: notes.slice(-limits.alertsPerMessageMax) };
}

type WatchingDeps = Pick<WatchdogDeps, "alertOwner" | "cells"> & { readonly agents: () => readonly AgentSettings[] };

function startWatching(
  instructions: InstructionWatch,
  { agents, alertOwner, cells }: WatchingDeps,
  signal: AbortSignal,
): void {
  const files = () => agents().flatMap(({ workspace }) => instructionFiles.map((name) => join(workspace, name)));
  const onLost = (reason: string): void =>
    alertOwner(`the instruction files cannot be watched now, and it is tried again every half minute: ${reason}`);
  instructions.look();
  const onChange = async (): Promise<void> => {
    instructions.look();
    // Judged first: whether something was open decides what the change is taken for.
    await cells.endUnlocked();
  };
  watchFiles({ files, onChange, onLost }, signal);
}

const lostFight = {
  name: "watchdog",
  state: "degraded",
  detail: "another process keeps writing to the config files; they are left alone and the approved config holds",
  fix: "find and end that process",
  notes: ["another process keeps writing to the config files; the approved config holds without them"],
} as const;

function shown(paths: readonly string[]): string {
  return paths.length === 0 ? "no key, only how it is written" : paths.join(", ").slice(0, limits.alertMaxChars);
}

const changedByOthers = "the config was changed outside of Lorica";
const unlessYou =
  "To use the edit: lorica config accept; to see it: lorica config pending; to drop it: lorica config reject";

const unlessInvalid = "What is wrong with it: lorica config validate. If that was not you: lorica config rollback";

function hearFinding(finding: Finding, { alerts, audit }: Pick<WatchdogDeps, "alerts" | "audit">): void {
  if (finding.kind === "saved") {
    const { actor, changed, widening } = finding;
    const rule = widening.length === 0 ? "config.set" : "config.wider";
    return audit.record({ kind: "config", verdict: "allow", rule, actor, resource: shown(changed) });
  }
  if (finding.kind === "fight") {
    const said = `the config files were put back ${finding.rounds} times and changed again at once; from now on they are left alone, and the approved config holds without them. Find and end the process that writes them.`;
    audit.record({ kind: "watchdog", rule: "config.fight", verdict: "deny", reason: said });
    return alerts.alertOwner(said);
  }
  if (finding.kind === "held") {
    const { what, changes } = finding.pending;
    const said = `${changedByOthers}: ${what}. It is put back, and nothing of the edit is in force. ${unlessYou}`;
    const resource = changes === "" ? what : changes;
    audit.record({ kind: "watchdog", rule: "config.put-back", verdict: "deny", reason: what, resource });
    return alerts.alertOwner(said);
  }
  if (finding.kind === "invalid") {
    audit.record({
      kind: "watchdog",
      rule: "config.invalid",
      verdict: "deny",
      reason: changedByOthers,
      resource: finding.what,
    });
    return alerts.alertOwner(
      `${changedByOthers} and is not valid. It is not used, and left as it is. ${unlessInvalid}`,
    );
  }
  if (finding.kind === "damaged")
    return hearDamage(["what is kept of the approved config"], { audit, alertOwner: alerts.alertOwner });
  const { allows } = finding;
  audit.record({ kind: "config", rule: "config.hand", verdict: "allow", actor: "hand", resource: finding.changes });
  if (allows.length === 0) return;
  alerts.alertOwner(
    `an earlier config was brought back by hand, which allows more than the one before: ${allows.join(", ")}. If that was not you: lorica config rollback`,
  );
}

function hearDamage(what: readonly string[], { audit, alertOwner }: Pick<WatchdogDeps, "audit" | "alertOwner">): void {
  const said = `the watchdog's memory was changed: ${what.join(", ")}. What could be read of it holds; look at what governs: lorica config history, lorica watchdog status`;
  audit.record({ kind: "watchdog", rule: "memory.damaged", verdict: "deny", reason: said });
  alertOwner(said);
}
