// Which records the owner is told of when they are made: what no gateway of ours would ask for, always, and every change of
// who may what for a while after an incident.
import type { AuditRecord } from "../audit/audit.ts";
import type { Clock } from "../base/clock.ts";

export type TellingOptions = {
  /** Up to then the owner is told of every change. */
  readonly watchedUntil: () => number;
  readonly clock: Clock;
  readonly alertOwner: (text: string) => void;
};

/** The same words each time, so that whoever does it over and over makes one alert of it. */
const beyondCeiling =
  "The gateway asked for what the config gives nobody. That is no mistake of a model's: the gateway's process may not be ours any more. What it was: lorica audit query --verdict deny. To stop everything: lorica kill";

const changes: ReadonlySet<string> = new Set(["pairing", "config", "vault"]);

export function createTelling({ watchedUntil, clock, alertOwner }: TellingOptions): (record: AuditRecord) => void {
  return ({ kind, rule, verdict, resource = "", actor, principal = "" }) => {
    if (kind === "decision" && verdict === "deny" && rule === "ceiling") alertOwner(beyondCeiling);
    if (changes.has(kind) && clock.now() < watchedUntil())
      alertOwner(`after the incident: ${kind}: ${resource} by ${actor ?? principal}`);
  };
}
