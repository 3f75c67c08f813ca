// One text and what was found in it: what that means where the text is going, after the owner's word was heard, and what
// is left of the text then. Whatever is done about a finding is in the incidents and in the figures.
import type { Clock } from "../../base/clock.ts";
import { replaceSpans } from "../find/finding.ts";
import type { Finding } from "../find/finding.ts";
import { createIncidents } from "./incidents.ts";
import type { Passage } from "./allowances.ts";
import type { Found, Incident, Incidents } from "./incidents.ts";
import type { Question } from "./port.ts";
import { createGuesses } from "./guesses.ts";
import type { Guesses } from "./guesses.ts";
import { createTally } from "./tally.ts";
import type { Tally } from "./tally.ts";
import { describeRule, strictest, verdictOf } from "./verdict.ts";
import type { Verdict } from "./verdict.ts";

export type Judged = {
  readonly verdict: Verdict;
  readonly text: string;
  /** The findings that something was done about. */
  readonly acted: readonly Finding[];
  readonly incident: Incident | undefined;
};

export type Judge = {
  judge(question: Omit<Question, "texts">, text: string, findings: readonly Finding[]): Judged;
  /** What was found where the text itself is not ours to change. */
  report(found: Found): Incident;
  readonly incidents: Incidents;
  readonly tally: Tally;
  readonly guesses: Guesses;
};

export type JudgeOptions = {
  readonly clock: Clock;
  /** Also when the same is stopped again; `times` says so. */
  readonly onIncident: (incident: Incident) => void;
  /** By the owner's word on this incident something went on, for the first time at this step. */
  readonly onPassed?: ((incident: string, passage: Passage) => void) | undefined;
  /** From now on nothing is answered, until the owner has looked at this incident. */
  readonly onGuessing: (incident: string) => void;
};

/** Of no single text. */
const guessing: Found = {
  point: "result",
  verdict: "block",
  agentId: "",
  sessionKey: "",
  to: "",
  findings: [{ rule: "vault.guessing", severity: "critical", start: 0, end: 0, disguised: true }],
  text: "",
};

export function createJudge({ clock, onIncident, onPassed, onGuessing }: JudgeOptions): Judge {
  const incidents = createIncidents(clock, onPassed);
  const tally = createTally();
  const guesses = createGuesses(clock, () => onGuessing(incidents.add(guessing).incident.id));

  function report(found: Found): Incident {
    const { incident, isNew } = incidents.add(found);
    tally.found(found.findings, found.verdict);
    // What is only taken out again and again, as out of a history that is sent with each question, is told once.
    if (isNew || found.verdict !== "redact") onIncident(incident);
    guesses.count(found.findings);
    return incident;
  }

  return {
    incidents,
    tally,
    guesses,
    report,
    judge({ point, agentId, sessionKey, to = "", passage }, text, findings) {
      if (findings.length === 0) return { verdict: "pass", text, acted: [], incident: undefined };
      const place = passage?.to ?? to;
      const own = { id: passage?.id ?? "", step: passage?.step ?? point, sessionKey, to: place };
      const isStopped = (finding: Finding): boolean =>
        verdictOf(finding, point) === "pass" || !incidents.isAllowed(finding, text, own);
      const counted = findings.filter(isStopped);
      const acted = counted.filter((finding) => verdictOf(finding, point) !== "pass");
      const passed = counted.filter((finding) => verdictOf(finding, point) === "pass");
      if (passed.length > 0) tally.found(passed, "pass");
      if (acted.length === 0) return { verdict: "pass", text, acted, incident: undefined };
      const verdict = strictest(acted.map((finding) => verdictOf(finding, point)));
      const incident = report({ point, verdict, agentId, sessionKey, to: place, findings: acted, text });
      // What is held is kept as it would leave once its owner lets it: without what would be taken out in any case.
      const taken = verdict === "hold" ? acted.filter((finding) => verdictOf(finding, point) !== "hold") : acted;
      return { verdict, text: replaceSpans(text, taken), acted, incident };
    },
  };
}

/** For people; empty where nothing was found. */
export function reasonOf(judged: readonly Judged[]): string {
  const found = judged.flatMap(({ incident }) => incident ?? []);
  const rules = [...new Set(found.flatMap((incident) => incident.rules))];
  if (rules.length === 0) return "";
  // Whatever else one of our own values looks like is no news.
  const own = rules.filter((rule) => rule.startsWith("vault.") || rule === "canary");
  const named = new Set((own.length > 0 ? own : rules).map(describeRule));
  return `${[...named].join(" and ")} (incident ${found.map(({ id }) => id).join(", ")})`;
}
