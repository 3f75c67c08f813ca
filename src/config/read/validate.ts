// Holds a tree against the schema. Each complaint names the key, the line, and the nearest right name; none of them
// repeats a value, because what stands in the wrong place may well be a secret.
import type { z } from "zod";
import { configSchema } from "../schema/schema.ts";
import type { Config } from "../schema/schema.ts";
import { allPaths, isList, isObject, namesOf, schemaAt, stepInto } from "../schema/walk.ts";
import { renderPath } from "./issue.ts";
import type { Findings, Path } from "./issue.ts";
import { nearest } from "./nearest.ts";
import { partAt, placeOf, toJson } from "./tree.ts";
import type { Tree } from "./tree.ts";

export function validate(tree: Tree, findings: Findings): Config | undefined {
  const result = configSchema.safeParse(toJson(tree));
  if (result.success) return result.data;
  for (const issue of result.error.issues) report(issue, { tree, findings });
  return undefined;
}

type Reporting = { readonly tree: Tree; readonly findings: Findings };

function report(issue: z.core.$ZodIssue, reporting: Reporting): void {
  const path = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
  const { tree, findings } = reporting;
  if (issue.code === "unrecognized_keys") {
    for (const name of issue.keys)
      findings.refuse(renderPath([...path, name]), unknownKey(path, name), placeOf(tree, [...path, name]));
    return;
  }
  findings.refuse(renderPath(path), describe(issue, path, tree), placeOf(tree, path));
}

function describe(issue: z.core.$ZodIssue, path: Path, tree: Tree): string {
  switch (issue.code) {
    case "invalid_type":
      return partAt(tree, path) === undefined
        ? "is missing"
        : `must be ${article(issue.expected)}; it is ${article(kindOf(partAt(tree, path)))}`;
    case "invalid_value":
      return oneOf(issue.values.map(String), partAt(tree, path));
    case "too_small":
      return `is too small or too short; the least is ${String(issue.minimum)}`;
    case "too_big":
      return `is too large or too long; the most is ${String(issue.maximum)}`;
    case "invalid_key":
      return issue.issues[0]?.message ?? "is not a valid name";
    case "invalid_union":
      return (
        issue.errors.map((group) => group[0]?.message).find((message) => message !== undefined) ?? "has no known form"
      );
    default:
      return issue.message;
  }
}

function oneOf(values: readonly string[], written: Tree | undefined): string {
  const quoted = values.map((value) => JSON.stringify(value));
  const list = quoted.length === 1 ? quoted.join() : `one of ${quoted.join(", ")}`;
  const close = written?.kind === "scalar" ? nearest(String(written.value), values) : undefined;
  return `must be ${list}${close === undefined ? "" : `; did you mean "${close}"?`}`;
}

/** What is wrong with the name of a key; undefined where the schema has it. */
export function keyFault(path: Path): string | undefined {
  for (const [depth, step] of path.entries()) {
    const above = schemaAt(configSchema, path.slice(0, depth));
    // Items of a list are named by their ids.
    if (above !== undefined && isList(above)) return undefined;
    if (above === undefined || stepInto(above, step) !== undefined) continue;
    return `${renderPath(path.slice(0, depth + 1))}: ${unknownKey(path.slice(0, depth), String(step))}`;
  }
  return undefined;
}

/** The nearest name on the same level; else a key elsewhere that has exactly this name; else what there is. */
function unknownKey(path: Path, name: string): string {
  const parent = schemaAt(configSchema, path);
  const siblings = parent === undefined ? [] : namesOf(parent);
  const close = nearest(name, siblings);
  if (close !== undefined) return `no such key; did you mean "${close}"?`;
  const elsewhere = keysNamed(name);
  if (elsewhere.length > 0) return `no such key here; did you mean ${elsewhere.join(" or ")}?`;
  if (siblings.length === 0 || siblings.length > 16) return "no such key";
  return `no such key; there are ${siblings.join(", ")}`;
}

function keysNamed(name: string): readonly string[] {
  const found: string[] = [];
  for (const path of allPaths(configSchema)) {
    if (path.at(-1) !== name || found.length >= 3) continue;
    const schema = schemaAt(configSchema, path);
    if (schema !== undefined && (!isObject(schema) || path.length === 1 || path.length === 2))
      found.push(renderPath(path));
  }
  return found;
}

function kindOf(part: Tree | undefined): string {
  if (part === undefined) return "undefined";
  if (part.kind !== "scalar") return part.kind;
  return part.value === null ? "null" : typeof part.value;
}

const kinds: Readonly<Record<string, string>> = {
  string: "text in quotes",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object { … }",
  record: "an object { … }",
  array: "a list [ … ]",
  null: "null",
};

function article(kind: string): string {
  return kinds[kind] ?? kind;
}
