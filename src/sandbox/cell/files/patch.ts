// The patch format that models write: files to add, delete, update and move between `*** Begin Patch` and
// `*** End Patch`. Parsing and fitting are pure; what they answer is applied whole or not at all.
import { FileFailure } from "./failure.ts";

export type FilePatch =
  | { readonly kind: "add"; readonly path: string; readonly text: string }
  | { readonly kind: "delete"; readonly path: string }
  | {
      readonly kind: "update";
      readonly path: string;
      readonly moveTo: string | undefined;
      readonly hunks: readonly Hunk[];
    };

export type Hunk = {
  /** Lines that `@@` names: the hunk lies after them. */
  readonly anchors: readonly string[];
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** The hunk must end where the file does. */
  readonly atEnd: "anywhere" | "end of file";
};

const begin = "*** Begin Patch";
const end = "*** End Patch";
const add = "*** Add File: ";
const remove = "*** Delete File: ";
const update = "*** Update File: ";
const move = "*** Move to: ";
const endOfFile = "*** End of File";

/** A reader over lines that knows where it stands, for messages that name the line. */
type Cursor = { readonly lines: readonly string[]; at: number };

export function parsePatch(text: string): readonly FilePatch[] {
  const lines = text.replaceAll("\r\n", "\n").trim().split("\n");
  if (lines[0]?.trim() !== begin) throw malformed(0, `the first line must be "${begin}"`);
  if (lines.at(-1)?.trim() !== end) throw malformed(lines.length - 1, `the last line must be "${end}"`);
  const cursor: Cursor = { lines: lines.slice(0, -1), at: 1 };
  const patches: FilePatch[] = [];
  while (cursor.at < cursor.lines.length) {
    const line = cursor.lines[cursor.at] ?? "";
    cursor.at += 1;
    if (line.trim() === "") continue;
    patches.push(parseFile(line, cursor));
  }
  if (patches.length === 0) throw malformed(0, "the patch names no file");
  return patches;
}

function parseFile(line: string, cursor: Cursor): FilePatch {
  if (line.startsWith(add)) return { kind: "add", path: pathOf(line, add, cursor), text: parseAdded(cursor) };
  if (line.startsWith(remove)) return { kind: "delete", path: pathOf(line, remove, cursor) };
  if (!line.startsWith(update))
    throw malformed(cursor.at - 1, `expected "${add.trim()}", "${update.trim()}" or "${remove.trim()}"`);
  const path = pathOf(line, update, cursor);
  const next = cursor.lines[cursor.at] ?? "";
  const moveTo = next.startsWith(move) ? next : undefined;
  if (moveTo !== undefined) cursor.at += 1;
  const hunks = parseHunks(cursor);
  if (hunks.length === 0 && moveTo === undefined) throw malformed(cursor.at - 1, `nothing changes in ${path}`);
  return { kind: "update", path, moveTo: moveTo === undefined ? undefined : pathOf(moveTo, move, cursor), hunks };
}

function pathOf(line: string, prefix: string, cursor: Cursor): string {
  const path = line.slice(prefix.length).trim();
  if (path === "" || path.includes("\0")) throw malformed(cursor.at - 1, "a path is missing");
  return path;
}

function parseAdded(cursor: Cursor): string {
  const lines: string[] = [];
  for (; cursor.at < cursor.lines.length; cursor.at += 1) {
    const line = cursor.lines[cursor.at] ?? "";
    if (line.startsWith("*** ")) break;
    if (!line.startsWith("+")) throw malformed(cursor.at, "each line of an added file starts with +");
    lines.push(line.slice(1));
  }
  return lines.map((line) => `${line}\n`).join("");
}

function parseHunks(cursor: Cursor): readonly Hunk[] {
  const hunks: Hunk[] = [];
  while (cursor.at < cursor.lines.length && !isFileHeader(cursor.lines[cursor.at] ?? "")) {
    const hunk = parseHunk(cursor);
    if (hunk !== undefined) hunks.push(hunk);
  }
  return hunks;
}

function parseHunk(cursor: Cursor): Hunk | undefined {
  const start = cursor.at;
  const anchors: string[] = [];
  while ((cursor.lines[cursor.at] ?? "").startsWith("@@")) {
    const anchor = (cursor.lines[cursor.at] ?? "").slice(2).replace(/^ /, "");
    // Line numbers, as other tools write them after @@, are not trusted: the text says where it belongs.
    if (anchor.trim() !== "" && !/^-\d+(,\d+)? \+\d+(,\d+)? @@/.test(anchor)) anchors.push(anchor);
    cursor.at += 1;
  }
  const before: string[] = [];
  const after: string[] = [];
  let atEnd: Hunk["atEnd"] = "anywhere";
  for (; cursor.at < cursor.lines.length; cursor.at += 1) {
    const line = cursor.lines[cursor.at] ?? "";
    if (line.startsWith("@@") || isFileHeader(line)) break;
    if (line.trim() === endOfFile) {
      atEnd = "end of file";
      cursor.at += 1;
      break;
    }
    const mark = line[0] ?? " ";
    if (!" +-".includes(mark)) throw malformed(cursor.at, "a line of a hunk starts with a space, + or -");
    if (mark !== "+") before.push(line.slice(1));
    if (mark !== "-") after.push(line.slice(1));
  }
  if (cursor.at === start) throw malformed(cursor.at, "expected a hunk");
  // Blank lines between files are no hunk.
  const isBlank = cursor.lines.slice(start, cursor.at).every((line) => line.trim() === "");
  return isBlank ? undefined : { anchors, before, after, atEnd };
}

function isFileHeader(line: string): boolean {
  return line.startsWith(add) || line.startsWith(remove) || line.startsWith(update);
}

function malformed(index: number, what: string): FileFailure {
  return new FileFailure("invalid_request", `the patch cannot be read at line ${index + 1}: ${what}`);
}

/** The text with all hunks applied, in order; each is looked for after the one before it. */
export function applyHunks(text: string, hunks: readonly Hunk[], path: string): string {
  const endsInNewline = text === "" || text.endsWith("\n");
  const lines = text === "" ? [] : (endsInNewline ? text.slice(0, -1) : text).split("\n");
  const result: string[] = [];
  let at = 0;
  for (const hunk of hunks) {
    const place = placeOf(lines, hunk, at);
    if (place === undefined) throw new FileFailure("conflict", `${path}: these lines are not there: ${excerpt(hunk)}`);
    result.push(...lines.slice(at, place), ...keepContext(lines, hunk, place));
    at = place + hunk.before.length;
  }
  result.push(...lines.slice(at));
  if (result.length === 0) return "";
  return result.join("\n") + (endsInNewline ? "\n" : "");
}

/** Exactly if possible; else with trailing blanks ignored, and then with all surrounding blanks: models lose those. */
const fits: readonly ((left: string, right: string) => boolean)[] = [
  (left, right) => left === right,
  (left, right) => left.trimEnd() === right.trimEnd(),
  (left, right) => left.trim() === right.trim(),
];

function placeOf(lines: readonly string[], hunk: Hunk, from: number): number | undefined {
  let start = from;
  for (const anchor of hunk.anchors) {
    const found = firstFit(lines, [anchor], start);
    if (found === undefined) return undefined;
    start = found + 1;
  }
  if (hunk.atEnd === "end of file") {
    const last = lines.length - hunk.before.length;
    return last >= start && fits.some((fit) => matches(lines, hunk.before, { at: last, fit })) ? last : undefined;
  }
  // A hunk that only adds goes right after its anchor, or to the end of the file where it has none.
  if (hunk.before.length === 0) return hunk.anchors.length > 0 ? start : lines.length;
  return firstFit(lines, hunk.before, start);
}

function firstFit(lines: readonly string[], wanted: readonly string[], from: number): number | undefined {
  for (const fit of fits) {
    for (let at = from; at + wanted.length <= lines.length; at += 1) if (matches(lines, wanted, { at, fit })) return at;
  }
  return undefined;
}

function matches(
  lines: readonly string[],
  wanted: readonly string[],
  { at, fit }: { readonly at: number; readonly fit: (left: string, right: string) => boolean },
): boolean {
  return wanted.every((line, index) => fit(lines[at + index] ?? "", line));
}

/** Context lines stay as the file has them, also where the patch spelt their blanks differently. */
function keepContext(lines: readonly string[], hunk: Hunk, place: number): readonly string[] {
  const unused = new Map<string, string[]>();
  hunk.before.forEach((line, index) => {
    const original = lines[place + index] ?? line;
    unused.set(line, [...(unused.get(line) ?? []), original]);
  });
  return hunk.after.map((line) => unused.get(line)?.shift() ?? line);
}

function excerpt(hunk: Hunk): string {
  const shown = [...hunk.anchors.map((anchor) => `@@ ${anchor}`), ...hunk.before].slice(0, 4).join(" ⏎ ");
  return shown.length > 300 ? `${shown.slice(0, 300)}…` : shown;
}
