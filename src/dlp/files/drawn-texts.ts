// The words that a page of a PDF draws. They stand in strings between orders to the pen, often a few letters each, so that
// only what they make together can be searched. Letters that are numbers of a font's own cannot be read here.
import { limits } from "../../base/limits.ts";

/** A name of the pen's orders that begins a new piece of text. */
const newPiece = /^(?:T[dDm*]|ET|BT)$/;

export function drawnTexts(content: string): readonly string[] {
  if (!/\bT[jJ]\b/.test(content)) return [];
  let text = "";
  let inVain = 0;
  for (let at = 0; at < content.length;) {
    const letter = content[at];
    if (letter === "(") {
      const read = readString(content, at + 1);
      const isTaken = read.isWhole || inVain > limits.dlpDrawnInVainMaxChars;
      if (isTaken) text += read.text;
      else inVain += read.end - at;
      at = isTaken ? read.end : at + 1;
    } else if (letter === "<" && content[at + 1] !== "<") {
      const end = content.indexOf(">", at);
      if (end < 0) break;
      text += Buffer.from(content.slice(at + 1, end).replace(/\s/g, ""), "hex").toString("latin1");
      at = end + 1;
    } else if (letter === "T" || letter === "E" || letter === "B") {
      if (newPiece.test(content.slice(at, at + 2))) text += "\n";
      at += 2;
    } else at += 1;
  }
  return [text];
}

const escaped: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };

/**
 * No program writes longer ones, or deeper; what looks like one that never ends is none. A file can be made of such beginnings,
 * each of which would be read to its bound, so after some of them what was read is taken for what it is.
 */
const stringMaxChars = 32_767;
const bracketsMax = 64;

type DrawnString = { readonly text: string; readonly end: number; readonly isWhole: boolean };

/** To the bracket that closes it; a bracket inside that is opened is closed again. */
function readString(content: string, from: number): DrawnString {
  const letters: string[] = [];
  let open = 1;
  let at = from;
  for (; at < content.length; at++) {
    const letter = content[at] ?? "";
    if (letter === "\\") {
      const code = /^[0-7]{1,3}/.exec(content.slice(at + 1, at + 4))?.[0];
      const next = content[at + 1] ?? "";
      letters.push(code === undefined ? (escaped[next] ?? next) : String.fromCharCode(Number.parseInt(code, 8)));
      at += code?.length ?? 1;
      continue;
    }
    if (letter === "(") open += 1;
    if (letter === ")") open -= 1;
    if (open === 0) return { text: letters.join(""), end: at + 1, isWhole: true };
    if (open > bracketsMax || at - from > stringMaxChars) break;
    letters.push(letter);
  }
  return { text: letters.join(""), end: at, isWhole: false };
}
