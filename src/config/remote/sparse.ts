// A config without what is as it is by default, and without secrets: what a person would have had to write.
import type { z } from "zod";
import { isRecord } from "../../base/json.ts";
import type { Json } from "../../base/json.ts";
import { configSchema } from "../schema/schema.ts";
import type { Config } from "../schema/schema.ts";
import { stepInto } from "../schema/walk.ts";
import { redactConfig } from "../view.ts";

export function sparse(written: Config): Json {
  return without(redactConfig(written), usualOf(configSchema, {}), configSchema) ?? {};
}

/** Undefined where nothing is left. */
function without(value: Json, usual: Json | undefined, schema: z.ZodType | undefined): Json | undefined {
  if (JSON.stringify(value) === JSON.stringify(usual)) return undefined;
  if (Array.isArray(value)) return value.map((item: Json) => withoutInItem(item, schema && stepInto(schema, 0)));
  if (!isRecord(value)) return value;
  const parts = Object.entries(value).flatMap(([name, part]) => {
    const below = schema && stepInto(schema, name);
    const left = without(part as Json, usualBelow(usual, name) ?? usualOf(below, {}), below);
    // An entry of a map says by being there that it is there.
    if (left !== undefined) return [[name, left] as const];
    return usualBelow(usual, name) === undefined && isRecord(part) ? [[name, {}] as const] : [];
  });
  return Object.fromEntries(parts);
}

function withoutInItem(item: Json, schema: z.ZodType | undefined): Json {
  if (!isRecord(item) || typeof item["id"] !== "string") return item;
  const { id } = item;
  const left = without(item as Json, usualOf(schema, { id }), schema);
  return isRecord(left) ? { id, ...left } : { id };
}

function usualBelow(usual: Json | undefined, name: string): Json | undefined {
  return isRecord(usual) && Object.hasOwn(usual, name) ? (usual as Record<string, Json>)[name] : undefined;
}

/** What the schema makes of the least that can be written; undefined where there is no such least. */
function usualOf(schema: z.ZodType | undefined, least: Json): Json | undefined {
  const result = schema?.safeParse(least);
  return result?.success === true ? redactConfig(result.data as Config) : undefined;
}
