// An edit of the config file: which keys get which values. It is applied to the text, so everything that it does not
// name stays as it was written: comments, `${VAR}` references and `$include`s among it.
import { evaluate } from "@humanwhocodes/momoa";
import { LoricaError } from "../../base/errors.ts";
import type { Json } from "../../base/json.ts";
import { redactedLiteral } from "../../base/secret.ts";
import { createFindings, renderPath } from "../read/issue.ts";
import type { Path } from "../read/issue.ts";
import { migrate } from "../read/migrate.ts";
import { holdsReference } from "../read/substitute.ts";
import { parseTree, partAt, toJson } from "../read/tree.ts";
import { find, insertInto, isContainer, removeAt, replaceValue } from "./splice.ts";
import { mergeEdits } from "./merge.ts";
import { isList, itemNamed, nest } from "./nest.ts";
import { translate } from "./translate.ts";

export type Edit =
  | { readonly op: "set"; readonly path: Path; readonly value: Json }
  | { readonly op: "unset"; readonly path: Path }
  /** Objects merge key by key, null takes a key out, lists of objects merge by `id`. */
  | { readonly op: "merge"; readonly path: Path; readonly value: Json };

export type Editing = {
  /** What a text in the file resolves to, so that writing back what was read leaves a reference alone. */
  readonly resolveText: (text: string) => string | undefined;
};

const emptyFile = "{\n}\n";

export function applyEdits(text: string, edits: readonly Edit[], editing: Editing): string {
  let edited = text.trim() === "" ? emptyFile : text;
  for (const edit of edits) edited = applyOne(edited, edit, editing);
  return edited;
}

function applyOne(text: string, edit: Edit, editing: Editing): string {
  if (edit.op === "merge") return applyEdits(text, mergeEdits(text, edit.path, edit.value), editing);
  if (edit.op === "unset") return unset(text, edit.path);
  let edited = text;
  for (const { path, value } of translate(text, edit.path, edit.value)) edited = set(edited, { path, value }, editing);
  return edited;
}

function unset(text: string, path: Path): string {
  if (path.length === 0) throw new LoricaError("invalid_request", "say which key is to be unset");
  if (find(text, path).kind === "value") return removeAt(text, path);
  // An earlier spelling is looked up under its present one.
  for (const { path: present } of translate(text, path, ""))
    if (renderPath(present) !== renderPath(path) && find(text, present).kind === "value")
      return removeAt(text, present);
  throw new LoricaError("not_found", `${renderPath(path)} is not set in the config file`);
}

function set(text: string, { path, value }: { readonly path: Path; readonly value: Json }, editing: Editing): string {
  if (value === redactedLiteral) return text;
  const found = find(text, path);
  if (found.kind === "value") {
    const present = evaluate(found.value) as Json;
    if (sameJson(present, value)) return text;
    if (typeof present === "string" && holdsReference(present) && editing.resolveText(present) === value) return text;
    return path.length === 0 ? `${JSON.stringify(value, undefined, 2)}\n` : replaceValue(text, path, value);
  }
  const { above, depth } = found;
  if (!isContainer(above) || (above.type === "Array" && !isList(path.slice(0, depth))))
    return set(modernise(text, path.slice(0, depth)), { path, value }, editing);
  const name = path[depth] ?? "";
  const nested = nest(path, depth + 1, value);
  if (above.type === "Object") return insertInto(text, above, { name: String(name), value: nested });
  if (typeof name === "number" && name !== above.elements.length)
    throw new LoricaError(
      "invalid_request",
      `${renderPath(path.slice(0, depth))} has ${above.elements.length} items; add the next one at [${above.elements.length}]`,
    );
  return insertInto(text, above, {
    name: "",
    value: typeof name === "number" || name === "-" ? nested : itemNamed(name, nested),
  });
}

/** Where an object belongs, a plain value or a list of an earlier release stands: it is rewritten as what it means. */
function modernise(text: string, path: Path): string {
  const findings = createFindings();
  const tree = parseTree(text, "config", findings);
  if (tree?.kind === "object") {
    migrate(tree, findings);
    const present = partAt(tree, path);
    if (present?.kind === "object") return replaceValue(text, path, toJson(present));
  }
  throw new LoricaError(
    "conflict",
    `${renderPath(path)} holds a plain value, so nothing can be set below it. Unset it first.`,
  );
}

function sameJson(left: Json, right: Json): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
