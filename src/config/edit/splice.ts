// Changes a JSON5 text by replacing only the characters that have to change, so that comments, order and formatting
// stay as the owner wrote them.
import { assert } from "../../base/errors.ts";
import { parse } from "@humanwhocodes/momoa";
import type { DocumentNode, MemberNode, ObjectNode, ArrayNode, Token, ValueNode } from "@humanwhocodes/momoa";
import type { Json } from "../../base/json.ts";
import type { Path } from "../read/issue.ts";

type Container = ObjectNode | ArrayNode;
type Child = { readonly start: number; readonly end: number; readonly value: ValueNode };

/** What stands at a path: a value, or the deepest container above it and the steps that are missing. */
export type Found =
  | { readonly kind: "value"; readonly value: ValueNode; readonly source: string }
  | { readonly kind: "missing"; readonly above: ValueNode; readonly depth: number };

export function parseText(text: string): DocumentNode & { tokens: Token[] } {
  const document = parse(text.trim() === "" ? "{}" : text, { mode: "json5", ranges: true, tokens: true });
  assert(document.tokens !== undefined, "the parser was asked for tokens");
  return document as DocumentNode & { tokens: Token[] };
}

export function find(text: string, path: Path): Found {
  let at: ValueNode = parseText(text).body;
  for (const [depth, step] of path.entries()) {
    const next = child(at, step);
    if (next === undefined) return { kind: "missing", above: at, depth };
    at = next.value;
  }
  return { kind: "value", value: at, source: text.slice(startOf(at), endOf(at)) };
}

/** An item of a list is named by its position, or by its `id`. */
function child(node: ValueNode, step: string | number): Child | undefined {
  if (node.type === "Object") {
    const member = node.members.find((candidate) => nameOf(candidate) === String(step));
    return member === undefined ? undefined : { start: startOf(member), end: endOf(member), value: member.value };
  }
  if (node.type !== "Array") return undefined;
  const position = typeof step === "number" ? step : /^\d{1,6}$/.test(step) ? Number(step) : -1;
  const element = node.elements[position] ?? node.elements.find((item) => idOf(item.value) === step);
  return element === undefined
    ? undefined
    : { start: startOf(element.value), end: endOf(element.value), value: element.value };
}

export function idOf(node: ValueNode): string | undefined {
  if (node.type !== "Object") return undefined;
  const id = node.members.find((member) => nameOf(member) === "id")?.value;
  return id?.type === "String" ? id.value : undefined;
}

export function replaceValue(text: string, path: Path, value: Json): string {
  const found = find(text, path);
  assert(found.kind === "value", "what is replaced is there");
  const [start, end] = [startOf(found.value), endOf(found.value)];
  return splice(text, { start, end }, render(value, { text, indent: indentAt(text, start) }));
}

/** Puts a new member at the end of an object, or a new item at the end of a list; `name` is unused for a list. */
export function insertInto(text: string, container: Container, entry: { name: string; value: Json }): string {
  const children = childrenOf(container);
  const last = children.at(-1);
  const outer = indentAt(text, startOf(container));
  const multiLine = last === undefined || text.slice(startOf(container), endOf(container)).includes("\n");
  const indent = last === undefined || !multiLine ? `${outer}${unitOf(text)}` : indentAt(text, last.start);
  const value = render(entry.value, { text, indent: multiLine ? indent : undefined });
  const member = container.type === "Array" ? value : `${renderName(entry.name, container, text)}: ${value}`;
  if (last === undefined) return intoEmpty(text, container, { member, indent, outer });
  const comma = tokenAfter(text, last.end, "Comma", endOf(container));
  if (!multiLine)
    return comma === undefined
      ? splice(text, { start: last.end, end: last.end }, `, ${member}`)
      : splice(text, { start: endOf(comma), end: endOf(comma) }, ` ${member},`);
  // A comment behind the last member belongs to it, so the new line goes below.
  const below = lineEndAfter(text, comma === undefined ? last.end : endOf(comma), endOf(container));
  const line = `\n${indent}${member}${comma === undefined ? "" : ","}`;
  const inserted = splice(text, { start: below, end: below }, line);
  return comma === undefined ? splice(inserted, { start: last.end, end: last.end }, ",") : inserted;
}

function intoEmpty(
  text: string,
  container: Container,
  written: { readonly member: string; readonly indent: string; readonly outer: string },
): string {
  const at = endOf(container) - 1;
  // Whatever stands in the braces is comments: they stay, and the new member goes below them.
  const before = text.slice(0, at).trimEnd();
  return `${before}\n${written.indent}${written.member}\n${written.outer}${text.slice(at)}`;
}

/** Takes a member or an item out, with its comma. A comment beside it stays: it is the owner's. */
export function removeAt(text: string, path: Path): string {
  const parent = find(text, path.slice(0, -1));
  const last = path.at(-1);
  if (parent.kind !== "value" || last === undefined || !isContainer(parent.value)) return text;
  const target = child(parent.value, last);
  if (target === undefined) return text;
  const limit = endOf(parent.value);
  const comma = tokenAfter(text, target.end, "Comma", limit);
  const end = comma === undefined ? target.end : endOf(comma);
  const start = target.start - (/[ \t]*$/.exec(text.slice(0, target.start))?.[0].length ?? 0);
  const alone = text[start - 1] === "\n" && /^[ \t]*(\r?\n)/.exec(text.slice(end));
  const removed = alone
    ? splice(text, { start, end: end + alone[0].length }, "")
    : splice(text, { start: text[start - 1] === "\n" ? target.start : start, end }, "");
  if (comma !== undefined) return removed;
  // It was the last one: the comma before it would be left over, which plain JSON does not allow.
  const previous = childrenOf(parent.value).findLast((item) => item.end <= target.start);
  const left = previous === undefined ? undefined : tokenAfter(text, previous.end, "Comma", target.start);
  return left === undefined ? removed : splice(removed, { start: startOf(left), end: endOf(left) }, "");
}

export function isContainer(node: ValueNode): node is Container {
  return node.type === "Object" || node.type === "Array";
}

function childrenOf(container: Container): readonly Child[] {
  if (container.type === "Object")
    return container.members.map((member) => ({ start: startOf(member), end: endOf(member), value: member.value }));
  return container.elements.map(({ value }) => ({ start: startOf(value), end: endOf(value), value }));
}

function nameOf(member: MemberNode): string {
  return member.name.type === "String" ? member.name.value : member.name.name;
}

/** In quotes where the neighbours have them; without where they have none and the name needs none. */
function renderName(name: string, container: ObjectNode, text: string): string {
  const quoted = container.members.some((member) => member.name.type === "String");
  const bare = container.members.some((member) => member.name.type === "Identifier") || isBare(text);
  return !quoted && bare ? bareName(name) : JSON.stringify(name);
}

/** A file that writes every name without quotes. A new file is plain JSON, so that other programs can read it too. */
function isBare(text: string): boolean {
  const { tokens } = parseText(text);
  const names = tokens.filter((_token, at) => nextType(tokens, at) === "Colon");
  return names.length > 0 && names.every((token) => token.type === "Identifier");
}

function nextType(tokens: readonly Token[], at: number): Token["type"] | undefined {
  return tokens.slice(at + 1, at + 9).find(({ type }) => type !== "LineComment" && type !== "BlockComment")?.type;
}

function bareName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

type Style = { readonly text: string; readonly indent: string | undefined };

/** A value in the style of the file, on one line where no indent is given. */
function render(value: Json, { text, indent }: Style): string {
  return renderValue(value, { name: isBare(text) ? bareName : JSON.stringify, unit: unitOf(text), indent });
}

type Rendering = {
  readonly name: (name: string) => string;
  readonly unit: string;
  readonly indent: string | undefined;
};

function renderValue(value: Json, rendering: Rendering): string {
  const { indent, unit, name } = rendering;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = { ...rendering, indent: indent === undefined ? undefined : `${indent}${unit}` };
  const list = Array.isArray(value);
  const parts = list
    ? value.map((item: Json) => renderValue(item, inner))
    : Object.entries(value).map(([key, part]) => `${name(key)}: ${renderValue(part as Json, inner)}`);
  const [open, close] = list ? ["[", "]"] : ["{", "}"];
  if (parts.length === 0) return `${open}${close}`;
  // A short list of plain values is easier to read on one line.
  const short = list && value.every((item: Json) => typeof item !== "object") && parts.join(", ").length <= 80;
  if (indent === undefined || short) return list ? `[${parts.join(", ")}]` : `{ ${parts.join(", ")} }`;
  return `${open}\n${parts.map((part) => `${inner.indent}${part}`).join(",\n")}\n${indent}${close}`;
}

function unitOf(text: string): string {
  return /\n([ \t]+)\S/.exec(text)?.[1]?.replace(/^( {2}| {4}|\t).*$/, "$1") ?? "  ";
}

function indentAt(text: string, offset: number): string {
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
  return /^[ \t]*/.exec(line)?.[0] ?? "";
}

/** The next token of a kind, with only comments before it. */
function tokenAfter(text: string, from: number, type: Token["type"], limit: number): Token | undefined {
  const next = parseText(text).tokens.find(
    (token) => startOf(token) >= from && token.type !== "LineComment" && token.type !== "BlockComment",
  );
  return next !== undefined && next.type === type && startOf(next) < limit ? next : undefined;
}

/** Behind what stands on the same line, comments included, but never past the container's end. */
function lineEndAfter(text: string, from: number, limit: number): number {
  let at = from;
  for (const token of parseText(text).tokens) {
    if (startOf(token) < from) continue;
    const comment = token.type === "LineComment" || token.type === "BlockComment";
    if (!comment || text.slice(at, startOf(token)).includes("\n")) break;
    at = endOf(token);
  }
  return Math.min(at, limit - 1);
}

function splice(text: string, range: { readonly start: number; readonly end: number }, inserted: string): string {
  return `${text.slice(0, range.start)}${inserted}${text.slice(range.end)}`;
}

type Located = { readonly loc: { readonly start: { offset: number }; readonly end: { offset: number } } };

export function startOf(node: Located): number {
  return node.loc.start.offset;
}

export function endOf(node: Located): number {
  return node.loc.end.offset;
}
