// How far a text that is still being written may be shown: not so far that what comes next could make a value of it. Where
// that is depends on the text alone. If it depended on how much of a value is there, whoever asks about one beginning after
// the other would read the value letter by letter, and nothing would have been found.
import { limits } from "../../base/limits.ts";
import type { Detected } from "../find/detect.ts";
import { secretAssignments } from "../find/classes.ts";

/** As many letters and digits as the longest part by which a value is known, and a few more. */
const heldLettersMin = 32;
const heldCharsMax = 512;
const tokenMaxChars = 4_096;

/** Never cuts a finding in two, and holds back one that could go on. `wholeChars`: the longest value that is known as a whole only. */
export function safeUntil(text: string, findings: Detected["findings"], wholeChars: number): number {
  const letters = Math.max(heldLettersMin, wholeChars);
  let safe = Math.min(lettersBack(text, letters), tokenStart(text), keyFileStart(text), assignmentsStart(text));
  for (const { start, end } of findings) if (end === text.length) safe = Math.min(safe, start);
  let before;
  do {
    before = safe;
    for (const { start, end } of findings) if (start < safe && end > safe) safe = start;
  } while (safe !== before);
  return Math.max(0, safe);
}

function lettersBack(text: string, held: number): number {
  let letters = 0;
  const least = Math.max(0, text.length - heldCharsMax);
  for (let at = text.length - 1; at >= least; at--) {
    if (/[A-Za-z0-9]/.test(text.charAt(at))) letters += 1;
    if (letters >= held) return at;
  }
  return least;
}

/** What a maker's key looks like is seen once the word ends. */
function tokenStart(text: string): number {
  const from = Math.max(0, text.length - tokenMaxChars);
  const space = Math.max(...[" ", "\n", "\t", "\r"].map((mark) => text.lastIndexOf(mark)));
  return space < from ? text.length - Math.min(text.length, heldCharsMax) : space + 1;
}

function keyFileStart(text: string): number {
  const at = text.lastIndexOf("-----BEGIN");
  return at >= 0 && text.length - at < 64 ? at : text.length;
}

/** One line with a secret may be the first of a file full of them. */
function assignmentsStart(text: string): number {
  const from = Math.max(0, text.length - limits.dlpWindowChars);
  const first = secretAssignments(text.slice(from))[0];
  if (first === undefined) return text.length;
  const at = text.lastIndexOf("\n", from + first.start) + 1;
  // Once other text follows, it was the only one.
  const isOver =
    text
      .slice(from + first.end)
      .split("\n")
      .filter((line) => line.trim() !== "").length > 2;
  return isOver ? text.length : at;
}
