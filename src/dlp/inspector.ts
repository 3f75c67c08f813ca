// Judges texts: what is found, what that means where the text is going, and what is left of it. It remembers what each
// recipient was given, what was found, and what the owner let through.
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { Parsed } from "../base/parsed.ts";
import { detect, detectInSteps } from "./find/detect.ts";
import type { Detected, Detectors } from "./find/detect.ts";
import { redactedMark, replaceSpans } from "./find/finding.ts";
import type { Finding } from "./find/finding.ts";
import type { PeopleRules } from "./find/people.ts";
import { safeUntil } from "./hold-back.ts";
import { createIncidents } from "./incidents.ts";
import type { Incident, Incidents } from "./incidents.ts";
import { createKnownValues } from "./known/known.ts";
import type { KnownValues } from "./known/known.ts";
import { createLedger } from "./ledger.ts";
import type { Inspector, Question } from "./port.ts";
import { createTally } from "./tally.ts";
import type { Tally } from "./tally.ts";
import { describeRule, strictest, verdictOf } from "./verdict.ts";
import type { Point, Verdict } from "./verdict.ts";

export type InspectorRules = {
  /** Whether what looks like somebody's credential is looked for, and lists of people; our own values always are. */
  readonly patterns: boolean;
  readonly entropy: boolean;
  readonly people: PeopleRules | undefined;
  readonly windowMessages: number;
};

export type InspectorOptions = {
  readonly known: KnownValues;
  readonly canary: string;
  /** What the config's own patterns make of a text. */
  readonly own: (text: string) => Parsed<string>;
  /** Asked for each text, so that a change of the config holds at once. */
  readonly rules: () => InspectorRules;
  readonly clock: Clock;
  readonly onIncident: (incident: Incident) => void;
};

export type LocalInspector = Inspector & {
  readonly incidents: Incidents;
  readonly tally: Tally;
  readonly canary: KnownValues;
  /** What was found where nothing can be taken out any more, as in a body that is on its way. */
  report(found: Parameters<Incidents["add"]>[0]): Incident;
  /** What is known has changed. */
  refresh(): void;
};

export function createInspector(options: InspectorOptions): LocalInspector {
  const { known, clock } = options;
  const canary = createKnownValues(() => [options.canary]);
  const incidents = createIncidents(clock);
  const tally = createTally();
  const ledger = createLedger(known, () => options.rules().windowMessages);

  const detectorsAt = (point: Point): Detectors => {
    const { patterns, entropy, people } = options.rules();
    const leaves = point === "reply" || point === "order" || point === "answer";
    return {
      known,
      canary: point === "model" ? undefined : canary,
      formats: patterns,
      entropy: entropy && leaves,
      people: leaves ? people : undefined,
    };
  };
  const report: LocalInspector["report"] = (found) => {
    const { incident, isNew } = incidents.add(found);
    tally.found(found.findings, found.verdict);
    if (isNew && found.verdict !== "pass") options.onIncident(incident);
    return incident;
  };
  /** What is left once the owner's word was heard. */
  const judge = (question: Omit<Question, "texts">, text: string, findings: readonly Finding[]): Judged => {
    const counted = findings.filter((finding) => !incidents.isAllowed(finding, text));
    const verdicts = counted.map((finding) => verdictOf(finding, question.point));
    const verdict = strictest(verdicts);
    const acted = counted.filter((_, at) => verdicts[at] !== "pass");
    if (acted.length === 0) {
      tally.found(counted, "pass");
      return { verdict, text, acted, incident: undefined };
    }
    const { point, agentId, sessionKey, to = "" } = question;
    const incident = report({ point, verdict, agentId, sessionKey, to, findings: acted, text });
    return { verdict, text: replaceSpans(text, acted), acted, incident };
  };

  return {
    incidents,
    tally,
    canary,
    report,
    refresh() {
      known.refresh();
      ledger.forget();
    },
    async inspect(question) {
      const { point, to } = question;
      const judged: Judged[] = [];
      for (const text of question.texts) {
        const startedAt = performance.now();
        const detected = await detectInSteps(text, detectorsAt(point));
        const split = to === undefined ? [] : ledger.judge(to, text, detected.fragments);
        const one = judge(question, text, [...detected.findings, ...split]);
        if (to !== undefined && one.verdict !== "block" && one.verdict !== "hold")
          ledger.add(to, one.text, one.acted.length === 0 ? detected.fragments : []);
        judged.push(withOwnPatterns(one, options.own));
        tally.looked(text.length, performance.now() - startedAt);
      }
      const verdict = strictest(judged.map((one) => one.verdict));
      return { verdict, texts: judged.map(({ text }) => text), reason: reasonOf(judged) };
    },
    async inspectStream({ agentId, sessionKey, before, text, isEnd }) {
      const whole = before + text;
      const detected = detect(whole, detectorsAt("stream"));
      const findings = detected.findings.filter(({ end }) => end > before.length);
      const question = { point: "stream", agentId, sessionKey } as const;
      const blocked = findings.filter((finding) => verdictOf(finding, "stream") === "block");
      if (blocked.some((finding) => !incidents.isAllowed(finding, whole))) {
        return { text: "", taken: text.length, reason: reasonOf([judge(question, whole, blocked)]) };
      }
      const until = isEnd ? whole.length : heldUntil(whole, detected, before.length);
      const due = findings.filter(({ start, end }) => Math.max(start, before.length) < until && end <= until);
      const { acted } = due.length === 0 ? { acted: [] } : judge(question, whole, due);
      const shown = acted.map(({ start, end }) => ({
        start: Math.max(0, start - before.length),
        end: end - before.length,
      }));
      const taken = Math.max(0, until - before.length);
      const own = options.own(replaceSpans(text.slice(0, taken), shown));
      return { text: own.ok ? own.value : redactedMark, taken };
    },
  };
}

type Judged = {
  readonly verdict: Verdict;
  readonly text: string;
  readonly acted: readonly Finding[];
  readonly incident: Incident | undefined;
};

/** What is held for ever is not shown late but blanked. */
function heldUntil(text: string, detected: Detected, from: number): number {
  const until = safeUntil(text, detected);
  return text.length - Math.max(until, from) > limits.dlpStreamHeldMaxChars ? text.length : until;
}

function withOwnPatterns(judged: Judged, own: InspectorOptions["own"]): Judged {
  const searched = own(judged.text);
  if (searched.ok && searched.value === judged.text) return judged;
  const text = searched.ok ? searched.value : redactedMark;
  return { ...judged, text, verdict: strictest([judged.verdict, "redact"]) };
}

function reasonOf(judged: readonly Judged[]): string {
  const found = judged.flatMap(({ incident }) => incident ?? []);
  const rules = new Set(found.flatMap((incident) => incident.rules.map(describeRule)));
  if (rules.size === 0) return "";
  return `${[...rules].join(" and ")} (incident ${found.map(({ id }) => id).join(", ")})`;
}
