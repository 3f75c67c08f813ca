// A config file as a tree that knows where each part was written. Everything between reading and validating works on
// it, so that an error in a key that was included, renamed or merged still names the line that a person wrote.
import { parse, tokenize } from "@humanwhocodes/momoa";
import type { ValueNode } from "@humanwhocodes/momoa";
import type { Json } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { renderPath } from "./issue.ts";
import type { Findings, Path, Place } from "./issue.ts";

export type Scalar = {
  readonly kind: "scalar";
  readonly place: Place;
  readonly value: string | number | boolean | null;
  /** As the file spells it: ids past 2^53 survive only here. */
  readonly source: string;
  /** `reference` once a `${VAR}` in it has been replaced: then the value is not what the file says. */
  readonly origin: "written" | "reference";
};
export type Branch = { readonly kind: "object"; readonly place: Place; readonly members: Map<string, Tree> };
export type List = { readonly kind: "array"; readonly place: Place; readonly items: Tree[] };
export type Tree = Scalar | Branch | List;

const forbiddenNames = new Set(["__proto__", "constructor", "prototype"]);

/** Never throws for what a file holds. Undefined where there is no tree to go on with; the findings say why. */
export function parseTree(text: string, file: string, findings: Findings): Tree | undefined {
  try {
    const depth = nesting(text);
    if (depth > limits.configDepthMax) {
      findings.refuse("", `nested ${depth} levels deep; the limit is ${limits.configDepthMax}`, start(file));
      return undefined;
    }
    const document = parse(text, { mode: "json5", ranges: true });
    return growTree(document.body, [], { text, file, findings });
  } catch (error) {
    findings.refuse("", `not JSON5: ${syntaxMessage(error)}`, syntaxPlace(error, text, file));
    return undefined;
  }
}

/** The deepest nesting, counted before the parser, which is recursive and would run out of stack. */
export function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const token of tokenize(text, { mode: "json5" })) {
    if (token.type === "LBrace" || token.type === "LBracket") deepest = Math.max(deepest, (depth += 1));
    else if (token.type === "RBrace" || token.type === "RBracket") depth -= 1;
  }
  return deepest;
}

export function toJson(tree: Tree): Json {
  if (tree.kind === "scalar") return tree.value;
  if (tree.kind === "array") return tree.items.map(toJson);
  return Object.fromEntries([...tree.members].map(([name, part]) => [name, toJson(part)]));
}

/** A tree for values that no file holds. All of it is placed where the value that it stands for was. */
export function fromJson(value: Json, place: Place): Tree {
  if (typeof value !== "object" || value === null) return scalar(value, place);
  if (Array.isArray(value)) return { kind: "array", place, items: value.map((item: Json) => fromJson(item, place)) };
  const members = new Map(Object.entries(value).map(([name, part]) => [name, fromJson(part as Json, place)]));
  return { kind: "object", place, members };
}

export function scalar(value: Scalar["value"], place: Place): Scalar {
  return { kind: "scalar", place, value, source: String(value), origin: "written" };
}

export function emptyBranch(place: Place): Branch {
  return { kind: "object", place, members: new Map() };
}

/** The part at a path; undefined where there is none. */
export function partAt(tree: Tree, path: Path): Tree | undefined {
  let part: Tree | undefined = tree;
  for (const step of path) {
    if (part?.kind === "object") part = part.members.get(String(step));
    else if (part?.kind === "array" && typeof step === "number") part = part.items[step];
    else return undefined;
  }
  return part;
}

/** Where a path was written, or where its nearest ancestor was. */
export function placeOf(tree: Tree, path: Path): Place {
  for (let length = path.length; length > 0; length--) {
    const part = partAt(tree, path.slice(0, length));
    if (part !== undefined) return part.place;
  }
  return tree.place;
}

export function sameValue(left: Tree, right: Tree): boolean {
  return JSON.stringify(toJson(left)) === JSON.stringify(toJson(right));
}

type Growing = { readonly text: string; readonly file: string; readonly findings: Findings };

function growTree(node: ValueNode, path: Path, growing: Growing): Tree {
  const place = { file: growing.file, line: node.loc.start.line, column: node.loc.start.column };
  if (node.type === "Object") return growBranch(node, path, growing);
  if (node.type === "Array")
    return {
      kind: "array",
      place,
      items: node.elements.map((item, at) => growTree(item.value, [...path, at], growing)),
    };
  const source = growing.text.slice(node.loc.start.offset, node.loc.end.offset);
  if (node.type === "Null") return { ...scalar(null, place), source };
  if (node.type === "NaN" || node.type === "Infinity") {
    growing.findings.refuse(renderPath(path), `${source} is not a value that config can hold`, place);
    return { ...scalar(null, place), source };
  }
  if (typeof node.value === "number" && !Number.isFinite(node.value))
    growing.findings.refuse(renderPath(path), `${source} is too large a number`, place);
  return { ...scalar(node.value, place), source };
}

function growBranch(node: ValueNode & { type: "Object" }, path: Path, growing: Growing): Branch {
  const { file, findings } = growing;
  const members = new Map<string, Tree>();
  const first = new Map<string, number>();
  for (const member of node.members) {
    const name = member.name.type === "String" ? member.name.value : member.name.name;
    const place = { file, line: member.loc.start.line, column: member.loc.start.column };
    const here = renderPath([...path, name]);
    const earlier = first.get(name);
    if (earlier !== undefined) {
      findings.refuse(here, `written twice in the same object, first on line ${earlier}; keep one`, place);
      continue;
    }
    first.set(name, place.line);
    if (forbiddenNames.has(name)) findings.refuse(here, "this name cannot be a key", place);
    else members.set(name, atKey(growTree(member.value, [...path, name], growing), place));
  }
  return { kind: "object", place: { file, line: node.loc.start.line, column: node.loc.start.column }, members };
}

/** A value is reported where its key stands: that is the line to go to. */
function atKey(tree: Tree, place: Place): Tree {
  return { ...tree, place };
}

function start(file: string): Place {
  return { file, line: 1, column: 1 };
}

function syntaxMessage(error: unknown): string {
  if (error instanceof RangeError) return "nested too deeply";
  const message = error instanceof Error ? error.message : String(error);
  const plain = message.replace(/\s*\(\d+:\d+\)$/, "").replace(/\.?\s*found\.?$/, "");
  return `${plain.charAt(0).toLowerCase()}${plain.slice(1)}; is a quote, a comma or a bracket missing?`;
}

function syntaxPlace(error: unknown, text: string, file: string): Place {
  if (error instanceof Error && error.constructor.name === "UnexpectedEOF") return endOf(text, file);
  if (typeof error === "object" && error !== null && "line" in error && "column" in error)
    return { file, line: Number(error.line), column: Number(error.column) };
  return start(file);
}

function endOf(text: string, file: string): Place {
  const lines = text.split(/\r\n|\r|\n/);
  return { file, line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
}
