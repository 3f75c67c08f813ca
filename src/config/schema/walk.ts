// Walking the schema beside a config: what a key is, which keys there are, what its notes say. It reads zod's own
// definitions, because building JSON Schema for that would cost more than all the rest of a start.
import { z } from "zod";

export type KeyMeta = {
  readonly description?: string;
  readonly "x-reload"?: "hot" | "restart";
  readonly "x-later"?: number | string;
  readonly "x-secret"?: boolean;
  readonly "x-secret-values"?: boolean;
  readonly "x-secret-all"?: boolean;
};

export function metaOf(schema: z.ZodType): KeyMeta {
  const own = schema.meta();
  if (own !== undefined) return own as KeyMeta;
  const inner = innerOf(schema);
  return inner === undefined ? {} : metaOf(inner);
}

/** Without defaults and optionality. */
export function bareOf(schema: z.ZodType): z.ZodType {
  const inner = innerOf(schema);
  return inner === undefined ? schema : bareOf(inner);
}

/** The schema of one step down; undefined where there is no such key. */
export function stepInto(schema: z.ZodType, step: string | number): z.ZodType | undefined {
  const bare = bareOf(schema);
  if (bare instanceof z.ZodArray) return typeof step === "number" ? (bare.element as z.ZodType) : undefined;
  if (bare instanceof z.ZodRecord) return bare.valueType as z.ZodType;
  if (!(bare instanceof z.ZodObject)) return undefined;
  const field = Object.hasOwn(bare.shape, step) ? (bare.shape[step] as z.ZodType) : undefined;
  return field ?? catchallOf(bare);
}

export function schemaAt(schema: z.ZodType, path: readonly (string | number)[]): z.ZodType | undefined {
  let at: z.ZodType | undefined = schema;
  for (const step of path) at = at === undefined ? undefined : stepInto(at, step);
  return at;
}

/** The names that an object may have; empty for everything else. */
export function namesOf(schema: z.ZodType): readonly string[] {
  const bare = bareOf(schema);
  return bare instanceof z.ZodObject ? Object.keys(bare.shape) : [];
}

export function isObject(schema: z.ZodType): boolean {
  return bareOf(schema) instanceof z.ZodObject;
}

export function isList(schema: z.ZodType): boolean {
  return bareOf(schema) instanceof z.ZodArray;
}

/** Every closed key of the schema by its dotted path, through objects only. */
export function* allPaths(schema: z.ZodType, at: readonly string[] = []): Generator<readonly string[]> {
  for (const name of namesOf(schema)) {
    const below = stepInto(schema, name);
    yield [...at, name];
    if (below !== undefined) yield* allPaths(below, [...at, name]);
  }
}

function innerOf(schema: z.ZodType): z.ZodType | undefined {
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable
  )
    return schema.def.innerType as z.ZodType;
  return undefined;
}

function catchallOf(schema: z.ZodObject): z.ZodType | undefined {
  const rest = schema.def.catchall as z.ZodType | undefined;
  return rest === undefined || rest instanceof z.ZodNever ? undefined : rest;
}
