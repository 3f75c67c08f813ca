// A value with what has to be around it, where a path leads through objects and lists that are not there yet.
import { z } from "zod";
import { isRecord } from "../../base/json.ts";
import type { Json } from "../../base/json.ts";
import type { Path } from "../read/issue.ts";
import { configSchema } from "../schema/schema.ts";
import { bareOf, schemaAt } from "../schema/walk.ts";

/** What stands at the first `depth` steps of a path, so that the whole path leads to the value. */
export function nest(path: Path, depth: number, value: Json): Json {
  let nested = value;
  for (let at = path.length - 1; at >= depth; at--) {
    const step = path[at] ?? "";
    nested = isList(path.slice(0, at)) ? [itemNamed(step, nested)] : { [step]: nested };
  }
  return nested;
}

export function isList(path: Path): boolean {
  const schema = schemaAt(configSchema, path);
  return schema !== undefined && bareOf(schema) instanceof z.ZodArray;
}

/** An item of a list that was named by its id has that id. */
export function itemNamed(step: string | number, value: Json): Json {
  if (typeof step === "number" || step === "-" || !isRecord(value) || "id" in value) return value;
  return { id: step, ...(value as Record<string, Json>) };
}
