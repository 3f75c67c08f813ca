// A text that is shown while it is being written. What could still become a value stays back; the rest goes on at once.
import { limits } from "../../base/limits.ts";
import { detect } from "../find/detect.ts";
import type { Detected, Detectors } from "../find/detect.ts";
import { redactedMark, replaceSpans } from "../find/finding.ts";
import { safeUntil } from "./hold-back.ts";
import { reasonOf } from "./judge.ts";
import type { Judge } from "./judge.ts";
import type { StreamAnswer, StreamQuestion } from "./port.ts";
import type { InspectorOptions } from "./inspector.ts";
import { verdictOf } from "./verdict.ts";

type Parts = { readonly judge: Judge; readonly detectors: Detectors; readonly own: InspectorOptions["own"] };

export function judgeStream(question: StreamQuestion, { judge, detectors, own }: Parts): StreamAnswer {
  const { agentId, sessionKey, before, text, isEnd } = question;
  const whole = before + text;
  const detected = detect(whole, detectors);
  // One text is asked about many times while it is written, and is the same one until its answer is there.
  const passage = { id: "stream", step: "stream", sessionKey, to: "" };
  const about = { point: "stream", agentId, sessionKey, passage } as const;
  const news = detected.findings.filter(({ end }) => end > before.length);
  const blocked = news.filter(
    (finding) => verdictOf(finding, "stream") === "block" && !judge.incidents.isAllowed(finding, whole, passage),
  );
  if (blocked.length > 0)
    return { text: "", taken: text.length, reason: reasonOf([judge.judge(about, whole, blocked)]) };
  const until = isEnd
    ? whole.length
    : heldUntil(whole, { ...detected, from: before.length, wholeChars: detectors.known.wholeChars() });
  const due = news.filter(({ end }) => end <= until);
  const { acted } = judge.judge(about, whole, due);
  const taken = Math.max(0, until - before.length);
  const spans = acted.map(({ start, end }) => ({
    start: Math.max(0, start - before.length),
    end: end - before.length,
  }));
  const shown = own(replaceSpans(text.slice(0, taken), spans));
  return { text: shown.ok ? shown.value : redactedMark, taken };
}

/** What would be held for ever is shown as it is judged now. */
function heldUntil(
  text: string,
  { findings, from, wholeChars }: Pick<Detected, "findings"> & { readonly from: number; readonly wholeChars: number },
): number {
  const until = safeUntil(text, findings, wholeChars);
  return text.length - Math.max(until, from) > limits.dlpStreamHeldMaxChars ? text.length : until;
}
