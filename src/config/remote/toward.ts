// The edits that bring a config to what a client sent back: what it left out goes, what it left alone stays as it is
// written in the file, comments and references included.
import { LoricaError } from "../../base/errors.ts";
import { isRecord } from "../../base/json.ts";
import type { Json } from "../../base/json.ts";
import { redactedLiteral } from "../../base/secret.ts";
import type { Edit } from "../edit/edit.ts";
import type { Path } from "../read/issue.ts";
import { renderPath } from "../read/issue.ts";
import { itemsById } from "../widen.ts";

type Fields = Readonly<Record<string, Json>>;

export function editsToward(present: Json, wanted: Json): readonly Edit[] {
  return [...toward(present, wanted, [])];
}

function* toward(present: Json | undefined, wanted: Json | undefined, path: Path): Generator<Edit> {
  // The mark stands for the secret that is there.
  if (wanted === redactedLiteral || JSON.stringify(present) === JSON.stringify(wanted)) return;
  if (wanted === undefined) return yield { op: "unset", path };
  if (isFields(present) && isFields(wanted)) {
    for (const name of new Set([...Object.keys(present), ...Object.keys(wanted)]))
      yield* toward(own(present, name), own(wanted, name), [...path, name]);
    return;
  }
  const items = itemsById(wanted);
  const known = itemsById(present);
  if (items !== undefined && known !== undefined && [...items.keys()].every((id) => known.has(id))) {
    for (const [id, item] of known) yield* toward(item, items.get(id), [...path, id]);
    return;
  }
  if (JSON.stringify(wanted).includes(JSON.stringify(redactedLiteral)))
    throw new LoricaError(
      "invalid_request",
      `${renderPath(path)} holds the mark of a secret in a place where there was none`,
    );
  yield { op: "set", path, value: wanted };
}

function own(fields: Fields, name: string): Json | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function isFields(value: Json | undefined): value is Fields {
  return isRecord(value);
}
