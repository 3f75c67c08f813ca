// A patch of config as the edits that it amounts to: objects merge key by key, null takes a key out.
import { isRecord } from "../../base/json.ts";
import type { Json } from "../../base/json.ts";
import type { Path } from "../read/issue.ts";
import type { Edit } from "./edit.ts";
import { find, idOf } from "./splice.ts";

/** The edits that a patch amounts to. Lists of objects with ids are merged by id, all other lists are replaced. */
export function mergeEdits(text: string, path: Path, patch: Json): readonly Edit[] {
  if (Array.isArray(patch)) {
    const present = find(text, path);
    const items = patch as readonly Json[];
    const byId = items.every((item) => isRecord(item) && typeof item.id === "string");
    if (
      byId &&
      present.kind === "value" &&
      present.value.type === "Array" &&
      present.value.elements.every((item) => idOf(item.value) !== undefined)
    )
      return items.flatMap((item) => mergeEdits(text, [...path, String((item as Record<string, Json>).id)], item));
    return [{ op: "set", path, value: patch }];
  }
  if (!isRecord(patch)) return [{ op: "set", path, value: patch }];
  // The name of a secret takes the place of whatever named it before, be that a text.
  if (Object.keys(patch).join() === "secret") return [{ op: "set", path, value: patch as Json }];
  const there = path.length === 0 || find(text, path).kind === "value";
  if (!there) return [{ op: "set", path, value: withoutNulls(patch as Json) }];
  return Object.entries(patch as Record<string, Json>).flatMap(([name, value]) => {
    const below = [...path, name];
    if (value !== null) return mergeEdits(text, below, value);
    return find(text, below).kind === "value" ? [{ op: "unset" as const, path: below }] : [];
  });
}

function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withoutNulls(item));
  if (!isRecord(value)) return value;
  const kept = Object.entries(value as Record<string, Json>).filter(([, part]) => part !== null);
  return Object.fromEntries(kept.map(([name, part]) => [name, withoutNulls(part)]));
}
