// One open cell in the pool, and what can be said of it.
import { limits } from "../../base/limits.ts";
import type { OwnerCell } from "../../protocol/owner/sandbox.ts";
import type { CellKey, CellRoom } from "../../sandbox/sandbox.ts";
import type { Cell } from "./process.ts";

export type Slot = CellRoom & {
  readonly key: CellKey;
  readonly name: string;
  readonly digest: string;
  readonly startedAt: number;
  readonly starting: AbortController;
  readonly cell: Promise<Cell>;
  /** Set once it has started. */
  open: Cell | undefined;
  users: number;
  usedAt: number;
  timer: NodeJS.Timeout | undefined;
};

export function isBusy(slot: Slot): boolean {
  return slot.users > 0 || slot.open === undefined || slot.open.isBusy();
}

export function worksLately(slot: Slot): boolean {
  return isBusy(slot) || performance.now() - slot.usedAt < limits.watchdogSuspectMs;
}

export function isOld({ settings, startedAt }: Slot): boolean {
  return settings.ageMs !== undefined && performance.now() - startedAt > settings.ageMs;
}

export function viewOf(slot: Slot): OwnerCell {
  const { key, settings, digest, startedAt } = slot;
  const scope = settings.scope ?? "session";
  return {
    agentId: key.agentId,
    sessionKey: scope === "session" ? key.sessionKey : null,
    scope,
    digest,
    filter: settings.filter ?? "full",
    ageMs: Math.round(performance.now() - startedAt),
    isBusy: isBusy(slot),
  };
}
