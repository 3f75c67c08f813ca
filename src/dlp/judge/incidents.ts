// What was found lately: enough for the owner to see where it was, to let one thing through, and to count. Never what.
import { createHmac, randomBytes } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { newToken } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import type { Finding } from "../find/finding.ts";
import { foldText } from "../known/fold.ts";
import { createAllowances } from "./allowances.ts";
import type { Passage } from "./allowances.ts";
import type { Point, Verdict } from "./verdict.ts";

export type Incident = {
  readonly id: string;
  readonly at: number;
  readonly point: Point;
  readonly verdict: Verdict;
  readonly rules: readonly string[];
  readonly agentId: string;
  readonly sessionKey: string;
  readonly to: string;
  /** `characters 12–60 of 400`. */
  readonly where: string;
  /** How often the same was found in the same place. */
  readonly times: number;
};

export type Found = Pick<Incident, "point" | "verdict" | "agentId" | "sessionKey" | "to"> & {
  readonly findings: readonly Finding[];
  readonly text: string;
};

export type Incidents = {
  /** The incident, and whether it is a new one. */
  add(found: Found): { readonly incident: Incident; readonly isNew: boolean };
  list(): readonly Incident[];
  /** What this incident is about passes once, or for a while; undefined where there is no such incident. */
  allow(id: string, forMs?: number): { readonly incident: Incident; readonly until: number } | undefined;
  /** Uses the owner's word up where it was for once. */
  isAllowed(finding: Finding, text: string, passage: Passage): boolean;
  /** What passed has not left after all. */
  giveBack(passage: string): void;
};

export function createIncidents(
  clock: Clock,
  onPassed: (incident: string, passage: Passage) => void = () => undefined,
): Incidents {
  // Known to this process alone, so that a fingerprint says nothing about a short secret.
  const salt = randomBytes(32);
  const incidents = new Map<string, { incident: Incident; readonly prints: readonly string[] }>();
  const seen = new Map<string, string>();
  const allowances = createAllowances(clock);

  const printOf = ({ rule, start, end }: Finding, text: string): string =>
    createHmac("sha256", salt)
      .update(`${rule}\0`)
      .update(asRead(text.slice(start, end)))
      .digest("base64url");

  function remember(incident: Incident, prints: readonly string[]): void {
    incidents.set(incident.id, { incident, prints });
    dropOldest(incidents, limits.dlpIncidentsMax);
  }

  return {
    add({ findings, text, ...about }) {
      const now = clock.now();
      const prints = [...new Set(findings.map((finding) => printOf(finding, text)))].toSorted();
      const key = JSON.stringify([about.point, about.sessionKey, about.to, about.verdict, prints]);
      // What is held is a message of its own each time, and the owner is asked about each.
      const known = about.verdict === "hold" ? undefined : incidents.get(seen.get(key) ?? "");
      if (known !== undefined && now - known.incident.at < limits.dlpSeenMs) {
        known.incident = { ...known.incident, times: known.incident.times + 1 };
        return { incident: known.incident, isNew: false };
      }
      const incident = {
        ...about,
        id: newToken(6),
        at: now,
        rules: rulesOf(findings),
        where: placeOf(findings, text),
        times: 1,
      };
      seen.set(key, incident.id);
      dropOldest(seen, limits.dlpSeenMax);
      remember(incident, prints);
      return { incident, isNew: true };
    },
    list: () => [...incidents.values()].map(({ incident }) => incident).toReversed(),
    allow(id, forMs) {
      const found = incidents.get(id);
      if (found === undefined) return undefined;
      return { incident: found.incident, until: allowances.add(found.incident, found.prints, forMs) };
    },
    isAllowed(finding, text, passage) {
      if (allowances.isEmpty()) return false;
      const admitted = allowances.admit(printOf(finding, text), passage);
      if (admitted?.isFirst === true) onPassed(admitted.incident, passage);
      return admitted !== undefined;
    },
    giveBack: allowances.giveBack,
  };
}

/** As it is read for values: on its way it is written in JSON or with marks, and is the same thing still. */
function asRead(text: string): string | Uint16Array {
  const codes = foldText(text);
  return codes.length < 8 ? text : codes;
}

function rulesOf(findings: readonly Finding[]): readonly string[] {
  return [...new Set(findings.map(({ rule }) => rule))].toSorted();
}

function placeOf(findings: readonly Finding[], text: string): string {
  const start = Math.min(...findings.map((finding) => finding.start));
  const end = Math.max(...findings.map((finding) => finding.end));
  return `characters ${start + 1}–${end} of ${text.length}`;
}

function dropOldest(map: Map<string, unknown>, max: number): void {
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}
