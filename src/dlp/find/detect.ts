// Everything that is to be found in one text, whatever is made of it then.
import { limits } from "../../base/limits.ts";
import { markerValue } from "../known/known.ts";
import type { KnownValues } from "../known/known.ts";
import type { Hit } from "../known/gram-index.ts";
import { looksRandom } from "../known/random.ts";
import { findClasses } from "./classes.ts";
import type { Finding } from "./finding.ts";
import { findFormats } from "./formats.ts";
import { findPeople } from "./people.ts";
import type { PeopleRules } from "./people.ts";

export type Detectors = {
  /** With the prompt's marker among the values. */
  readonly known: KnownValues;
  /** False where the prompt that holds the marker is on its way to where it belongs. */
  readonly canary: boolean;
  /** What credentials of others look like, and kinds of content. Our own values are always sought. */
  readonly formats: boolean;
  readonly people: PeopleRules | undefined;
  readonly entropy: boolean;
};

export type Detected = {
  readonly findings: readonly Finding[];
  /** Parts of values that are too short to say anything by themselves. */
  readonly fragments: readonly Hit[];
};

export function detect(text: string, detectors: Detectors): Detected {
  const known = detectors.known.scan(text);
  const isSought = (hit: Hit): boolean => detectors.canary || hit.value !== markerValue;
  const findings: Finding[] = known.hits.filter(isSought).map((hit) => valueFinding(text, hit));
  if (detectors.formats) findings.push(...patterns(text));
  if (detectors.people !== undefined)
    for (const { name, values } of findPeople(text, detectors.people))
      for (const span of values) findings.push({ rule: `pii.${name}`, severity: "medium", disguised: false, ...span });
  if (detectors.entropy) findings.push(...randomRuns(text));
  return { findings, fragments: known.fragments.filter(({ value }) => value !== markerValue) };
}

/** Long texts a step at a time, so that nobody else waits for long. */
export async function detectInSteps(text: string, detectors: Detectors): Promise<Detected> {
  const step = limits.dlpBreathChars;
  if (text.length <= step) return detect(text, detectors);
  const findings: Finding[] = [];
  const fragments: Hit[] = [];
  for (let from = 0; from < text.length; from += step) {
    const begin = Math.max(0, from - limits.dlpOverlapChars);
    const part = detect(text.slice(begin, from + step), detectors);
    findings.push(...part.findings.map((one) => ({ ...one, start: one.start + begin, end: one.end + begin })));
    fragments.push(...part.fragments.map((one) => ({ ...one, start: one.start + begin, end: one.end + begin })));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { findings, fragments };
}

/** Which part of which value it is; undefined where it is all of it. */
export function partOf({
  value,
  part: { spelling, from, to, length },
}: Pick<Hit, "value" | "part">): string | undefined {
  return to - from === length ? undefined : `${value}.${spelling}.${from}.${to}`;
}

function valueFinding(text: string, hit: Hit): Finding {
  const { start, end, kind, part, value } = hit;
  if (value === markerValue) return { rule: "canary", severity: "critical", start, end, disguised: true };
  // Nothing was left out in reading it: it stands there as it is.
  const isPlain = kind === "plain" && end - start <= part.to - part.from + separators(text.slice(start, end));
  return { rule: "vault.value", severity: "critical", start, end, disguised: !isPlain, part: partOf(hit) };
}

/** What keys themselves have between their letters. */
function separators(text: string): number {
  const marks = text.match(/[^A-Za-z0-9]/g) ?? [];
  // No key has more of them than of letters.
  if (marks.length > text.length / 2) return 0;
  return marks.some((mark) => /[\s"'|,\u200b-\u200f\u2060\ufeff]/.test(mark)) ? 0 : marks.length;
}

function patterns(text: string): readonly Finding[] {
  const high = { severity: "high", disguised: false } as const;
  return [
    ...findFormats(text, "sure").map(({ name, start, end }) => ({ rule: `format.${name}`, start, end, ...high })),
    ...findClasses(text).flatMap(({ name, values }) =>
      values.map((span) => ({ rule: `class.${name}`, ...span, ...high })),
    ),
  ];
}

const runChars = new Uint8Array(65_536);
for (const letter of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-")
  runChars[letter.charCodeAt(0)] = 1;

/** Hashes and ids look random too, so this is counted and never acted on by itself. */
function randomRuns(text: string): readonly Finding[] {
  const found: Finding[] = [];
  let start = 0;
  for (let end = 0; end <= text.length; end++) {
    if (end < text.length && runChars[text.charCodeAt(end)] === 1) continue;
    const length = end - start;
    if (length >= 32 && length <= 128) {
      const run = text.slice(start, end);
      if (!/^[0-9a-f-]+$/i.test(run) && looksRandom(run))
        found.push({ rule: "entropy", severity: "low", start, end, disguised: false });
    }
    start = end + 1;
  }
  return found;
}
