// Takes credentials out of an edit before it is written: what somebody sets as plain text is kept where secrets are
// kept, and the file gets its name.
import type { z } from "zod";
import { isRecord } from "../../base/json.ts";
import type { Json } from "../../base/json.ts";
import { redactedLiteral } from "../../base/secret.ts";
import { renderPath } from "../read/issue.ts";
import type { Issue, Path } from "../read/issue.ts";
import { isHarmlessKey, secretAt, tokenFault, vaultName } from "../read/secrets.ts";
import { holdsReference } from "../read/substitute.ts";
import { configSchema } from "../schema/schema.ts";
import { schemaAt, stepInto } from "../schema/walk.ts";
import type { Edit, Editing } from "./edit.ts";
import { find } from "./splice.ts";
import { translate } from "./translate.ts";

export type Separated = {
  readonly edits: readonly Edit[];
  /** Name → value: to be kept before the edits are written. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly issues: readonly Issue[];
};

export function separateSecrets(text: string, edits: readonly Edit[], editing: Editing): Separated {
  const isPresent = (path: Path, value: string): boolean => {
    const there = find(text.trim() === "" ? "{}" : text, path);
    if (there.kind !== "value" || there.value.type !== "String") return false;
    return editing.resolveText(there.value.value) === value;
  };
  const found = { isPresent, secrets: new Map<string, string>(), issues: [] as Issue[] };
  const separated = edits.flatMap((edit): readonly Edit[] => {
    if (edit.op === "unset") return [edit];
    if (edit.op === "merge") return [{ ...edit, value: separate(edit.value, standing(edit.path), found) }];
    const assignments = translate(text, edit.path, edit.value);
    const parts = assignments.map(({ path, value }) => ({ path, value: separate(value, standing(path), found) }));
    // Nothing was taken out: the edit stays as it was, so that it is translated against the text it meets.
    const same = JSON.stringify(parts) === JSON.stringify(assignments);
    return same ? [edit] : parts.map((part) => ({ op: "set" as const, ...part }));
  });
  return { edits: separated, secrets: found.secrets, issues: found.issues };
}

type Standing = { readonly path: Path; readonly schema: z.ZodType | undefined; readonly parent: z.ZodType | undefined };
type Found = {
  readonly secrets: Map<string, string>;
  readonly issues: Issue[];
  /** Whether a value is what the file says there already, be it through a reference. */
  readonly isPresent: (path: Path, value: string) => boolean;
};

function standing(path: Path): Standing {
  return { path, schema: schemaAt(configSchema, path), parent: schemaAt(configSchema, path.slice(0, -1)) };
}

function separate(value: Json, at: Standing, found: Found): Json {
  if (at.path.length > 0 && at.parent !== undefined) {
    const name = secretAt(at.parent, at.path);
    if (name !== undefined) return typeof value === "string" ? keep(value, { name, path: at.path }, found) : value;
  }
  if (typeof value !== "object" || value === null) return value;
  const below = (step: string | number): Standing => ({
    path: [...at.path, step],
    schema: at.schema === undefined ? undefined : stepInto(at.schema, step),
    parent: at.schema,
  });
  if (Array.isArray(value)) return value.map((item: Json, index) => separate(item, below(index), found));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, separate(part as Json, below(name), found)]),
  );
}

function keep(value: string, { name, path }: { readonly name: string; readonly path: Path }, found: Found): Json {
  if (holdsReference(value) || vaultName(value) !== undefined) return value;
  if (value === redactedLiteral || isHarmlessKey(value)) return value;
  if (found.isPresent(path, value)) return value;
  const fault = name === "gateway:token" ? tokenFault(value) : undefined;
  if (fault !== undefined) found.issues.push({ path: renderPath(path), message: fault });
  found.secrets.set(name, value);
  return { secret: name };
}
