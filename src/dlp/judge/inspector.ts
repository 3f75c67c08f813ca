// Judges texts: what is found, what that means where the text is going, and what is left of it. It remembers what each
// recipient was given, what was found, and what the owner let through.
import type { Parsed } from "../../base/parsed.ts";
import { detect, detectInSteps } from "../find/detect.ts";
import type { Detectors } from "../find/detect.ts";
import { redactedMark } from "../find/finding.ts";
import type { Finding } from "../find/finding.ts";
import type { PeopleRules } from "../find/people.ts";
import { withMarker } from "../known/known.ts";
import type { KnownValues } from "../known/known.ts";
import type { Passage } from "./allowances.ts";
import { createJudge, reasonOf } from "./judge.ts";
import type { Judge, JudgeOptions, Judged } from "./judge.ts";
import { createLedger } from "./ledger.ts";
import type { Inspector, Question } from "./port.ts";
import { judgeStream } from "./stream.ts";
import { strictest, verdictOf } from "./verdict.ts";
import type { Point, Verdict } from "./verdict.ts";

export type InspectorRules = {
  /** Whether what looks like somebody's credential is looked for; our own values always are. */
  readonly patterns: boolean;
  readonly entropy: boolean;
  readonly people: PeopleRules | undefined;
  readonly windowMessages: number;
};

export type InspectorOptions = JudgeOptions & {
  readonly known: KnownValues;
  readonly canary: string;
  /** What the config's own patterns make of a text. */
  readonly own: (text: string) => Parsed<string>;
  /** Asked for each text, so that a change of the config holds at once. */
  readonly rules: () => InspectorRules;
};

export type LocalInspector = Inspector &
  Omit<Judge, "judge"> & {
    /** The values and the marker of the system prompt, for whoever looks for them elsewhere. */
    readonly known: KnownValues;
    /** Our own values and the marker, where nothing else matters; what the owner let through there is not among them. */
    find(text: string, passage: Passage): readonly Finding[];
    /** What was found in this text by others will be known to whoever wrote it. */
    noteParts(text: string): void;
    /** What would be found and what would become of it; nothing is remembered. */
    preview(
      point: Point,
      text: string,
    ): readonly (Pick<Finding, "rule" | "start" | "end"> & { readonly verdict: Verdict })[];
  };

export function createInspector(options: InspectorOptions): LocalInspector {
  const { own } = options;
  const known = withMarker(options.known, options.canary);
  const judge = createJudge(options);
  const ledger = createLedger(known, () => options.rules().windowMessages);
  const detectors = createDetectors(options, known);
  let looks = 0;

  async function inspectOne(question: Omit<Question, "texts">, text: string): Promise<Judged> {
    const startedAt = performance.now();
    const { point, to, isOwner } = question;
    const mine = detectors(point);
    const { findings, fragments } = await detectInSteps(text, isOwner === true ? { ...mine, people: undefined } : mine);
    const split = to === undefined ? [] : ledger.judge(to, text, fragments);
    const judged = judge.judge(question, text, [...findings, ...split]);
    if (to !== undefined && judged.verdict !== "block" && judged.verdict !== "hold")
      ledger.add(to, judged.text, judged.acted.length === 0 ? fragments : []);
    judge.tally.looked(text.length, performance.now() - startedAt);
    // Before the answer, or one question about a thousand guesses would be told of all of them.
    judge.guesses.check();
    // Where the pieces stand would tell which of them are right.
    if (split.length > 0) return { ...judged, text: redactedMark };
    // What a tool is given stays as it is, or is not given at all.
    return point === "call" || point === "egress" ? judged : withOwnPatterns(judged, own);
  }

  return {
    ...judge,
    known,
    find(text, passage) {
      judge.guesses.check();
      return detect(text, { known, canary: true, formats: false, entropy: false, people: undefined }).findings.filter(
        (finding) => !judge.incidents.isAllowed(finding, text, passage),
      );
    },
    noteParts: (text) =>
      judge.guesses.count(
        detect(text, { known, canary: false, formats: false, entropy: false, people: undefined }).findings,
      ),
    preview: (point, text) =>
      detect(text, detectors(point)).findings.map((finding) => {
        const { rule, start, end } = finding;
        return { rule, start, end, verdict: verdictOf(finding, point) };
      }),
    async inspect(question) {
      judge.guesses.check();
      const judged: Judged[] = [];
      looks += 1;
      const passage = { id: `look ${looks}`, ...question.passage };
      for (const text of question.texts) judged.push(await inspectOne({ ...question, passage }, text));
      const verdict = strictest(judged.map((one) => one.verdict));
      const answer = { verdict, texts: judged.map(({ text }) => text), reason: reasonOf(judged) };
      if (verdict !== "hold") return answer;
      return { ...answer, incident: judged.find((one) => one.verdict === verdict)?.incident?.id };
    },
    async inspectStream(question) {
      judge.guesses.check();
      const answer = judgeStream(question, { judge, detectors: detectors("stream"), own });
      judge.guesses.check();
      return answer;
    },
  };
}

function createDetectors({ rules }: InspectorOptions, known: KnownValues): (point: Point) => Detectors {
  return (point) => {
    const { patterns, entropy, people } = rules();
    const leaves = point === "reply" || point === "order" || point === "answer";
    return {
      known,
      canary: point !== "model",
      formats: patterns,
      entropy: entropy && leaves,
      people: point === "reply" || point === "order" ? people : undefined,
    };
  };
}

function withOwnPatterns(judged: Judged, own: InspectorOptions["own"]): Judged {
  const searched = own(judged.text);
  if (searched.ok && searched.value === judged.text) return judged;
  const text = searched.ok ? searched.value : redactedMark;
  return { ...judged, text, verdict: strictest([judged.verdict, "redact"]) };
}
