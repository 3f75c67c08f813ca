// The vocabulary that config keys are written in. A key is one zod schema with its line of documentation and what a
// change of it asks for; types, validation, defaults, JSON Schema and the reference are all read off that.
import { z } from "zod";
import { thinkingLevels } from "../../base/envelope.ts";
import type { Json } from "../../base/json.ts";
import type { SecretRef } from "../../base/secret.ts";

/** `hot` takes effect at once; `restart` needs a new start of the gateway. A key without one has its parent's. */
export type Reload = "hot" | "restart";

export function key<T extends z.ZodType>(schema: T, description: string, reload?: Reload): T {
  return schema.meta({ description, ...(reload === undefined ? {} : { "x-reload": reload }) });
}

/** A closed object whose keys all have defaults, so that it may be left out. */
export function section<S extends z.ZodRawShape>(shape: S, description: string, reload?: Reload) {
  // Every field of a section has a default or is optional, which the compiler cannot see through the generic shape.
  return key(z.strictObject(shape).prefault({} as never), description, reload);
}

/**
 * A key whose feature is not built yet. It parses, so that no guide's file is foreign, and accepts only `safe`, its
 * default: every other value is refused with the reason instead of being silently ignored.
 */
export function later<T extends z.ZodType>(
  schema: T,
  options: { readonly safe: z.output<T> & Json; readonly step: Step },
  description: string,
): z.ZodDefault<T> {
  const { safe, step } = options;
  const wanted = JSON.stringify(safe);
  const judged = schema.superRefine((value, context) => {
    if (JSON.stringify(value) === wanted) return;
    context.addIssue({ code: "custom", message: `only ${wanted} is accepted: ${notBuilt(step)}` });
  });
  return (judged.default(safe as never) as z.ZodDefault<T>).meta({ description, "x-later": step });
}

/** Like `later` without a default: what is left out is inherited from elsewhere. */
export function laterOptional<T extends z.ZodType>(
  schema: T,
  options: { readonly safe: z.output<T> & Json; readonly step: Step },
  description: string,
): z.ZodOptional<T> {
  return (unwrap(later(schema, options, description)) as T).optional().meta({ description, "x-later": options.step });
}

/** Like `later` for a key whose only safe value is its absence. */
export function laterUnset<T extends z.ZodType>(schema: T, step: Step, description: string): z.ZodOptional<T> {
  const judged = schema.superRefine((_value, context) => {
    context.addIssue({ code: "custom", message: `leave it out: ${notBuilt(step)}` });
  });
  return judged.optional().meta({ description, "x-later": step });
}

/** A key of which one value is possible for good: what guides print beside it is refused with the reason. */
export function only<T extends z.ZodType>(
  schema: T,
  value: z.output<T> & Json,
  ...[why, description]: readonly [why: string, description: string]
): z.ZodDefault<T> {
  const wanted = JSON.stringify(value);
  const judged = schema.superRefine((given, context) => {
    if (JSON.stringify(given) === wanted) return;
    context.addIssue({ code: "custom", message: `only ${wanted} is accepted: ${why}` });
  });
  return (judged.default(value as never) as z.ZodDefault<T>).meta({ description });
}

/** Like `only` for a key whose one value is its absence. */
export function onlyUnset<T extends z.ZodType>(schema: T, why: string, description: string): z.ZodOptional<T> {
  const judged = schema.superRefine((_value, context) => {
    context.addIssue({ code: "custom", message: `leave it out: ${why}` });
  });
  return judged.optional().meta({ description: `${description} Leave it out: ${why}.` });
}

/** A name that guides print for what another key says. Two that disagree would leave nobody knowing which one holds. */
export function elsewhere<T extends z.ZodType>(schema: T, path: string): z.ZodOptional<T> {
  const judged = schema.superRefine((_value, context) => {
    context.addIssue({ code: "custom", message: `leave it out: ${path} says it` });
  });
  return judged.optional().meta({ description: `Leave it out: \`${path}\` says it.` });
}

/** A whole area whose name is taken. It may stand there empty, or switched off. */
export function reserved(step: Step, description: string) {
  return area(notBuilt(step)).default({}).meta({ description, "x-later": step });
}

/** The same for an area that has nothing to set: what it could say is decided elsewhere. */
export function nothingToSet(why: string, description: string) {
  return area(why)
    .default({})
    .meta({ description: `${description} Leave it out: ${why}.` });
}

function area(why: string) {
  return z.record(z.string(), z.json()).superRefine((value, context) => {
    for (const [name, part] of Object.entries(value)) {
      if (name === "enabled" && part === false) continue;
      context.addIssue({ code: "custom", path: [name], message: `leave it out: ${why}` });
    }
  });
}

/** The step of the plan that brings a feature; `later` where none does yet. */
export type Step = 4 | 5 | "later";

function notBuilt(step: Step): string {
  return step === "later"
    ? "what it switches on is not part of Lorica yet"
    : `what it switches on comes with step ${step} of the plan`;
}

/**
 * A credential. In the file it is `${VAR}`, `{ secret: "name" }`, `{ source: "env", … }` or, with a warning, the plain
 * text; the loader has replaced it by its name before this schema sees it, so no Config ever holds a value.
 */
export function secret(description: string) {
  const ref: z.ZodType<SecretRef> = z.strictObject({ secret: z.string().min(1).max(100) });
  return ref.optional().meta({ description, "x-secret": true });
}

/** Values of a map that may be credentials, as request headers: those that are have been replaced by their names. */
export function secretMap(description: string) {
  const ref: z.ZodType<string | SecretRef> = z.union([text(8_192), z.strictObject({ secret: z.string() })]);
  return z
    .record(z.string().regex(/^[A-Za-z0-9_-]{1,128}$/), ref)
    .default({})
    .meta({ description, "x-secret-values": true });
}

export function text(maxChars = 1_024): z.ZodString {
  return z.string().max(maxChars).refine(isPrintable, "holds control characters");
}

/** Tabs and line breaks are text; every other control character has no business in a config value. */
function isPrintable(value: string): boolean {
  for (const character of value) {
    const code = character.codePointAt(0) ?? 0;
    if ((code < 32 && code !== 9 && code !== 10 && code !== 13) || code === 127) return false;
  }
  return true;
}

export function names(maxItems = 500): z.ZodArray<z.ZodString> {
  return z.array(text(256).min(1)).max(maxItems);
}

export const agentId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "an agent id is lower-case letters, digits, - and _");

/** `provider/model`, or an alias from `agents.defaults.models`. */
export const modelRef = z.string().regex(/^\S{1,256}$/, "a model is written provider/model, without spaces");

export const thinking = z.enum(thinkingLevels);

export const duration = z
  .string()
  .regex(/^(0|\d{1,9}(ms|s|m|h|d|w))$/, "a duration is a number with a unit: 500ms, 30s, 15m, 2h, 7d");

export const byteSize = z.union([
  z.int().min(0),
  z.string().regex(/^\d{1,12}(b|kb?|mb?|gb?)?$/i, "a size is a number of bytes, or a number with kb, mb or gb"),
]);

/** Absolute, or under the home directory. What is relative would depend on where a command happened to be typed. */
export const path = text(4_096).regex(/^(\/|~\/|~$)/, "a path is absolute or starts with ~/");

export const count = z.int().min(1).max(1_000_000);

export type Partially<T> = T extends readonly unknown[]
  ? T
  : T extends Record<string, unknown>
    ? { readonly [K in keyof T]?: Partially<T[K]> | undefined }
    : T;

/** The same section for one agent's own entry: every key may be left out, and what is left out is inherited. */
export function partially<S extends z.ZodType>(schema: S): z.ZodOptional<z.ZodType<Partially<z.output<S>>>> {
  return withoutDefaults(schema) as unknown as z.ZodOptional<z.ZodType<Partially<z.output<S>>>>;
}

function withoutDefaults(schema: z.ZodType): z.ZodType {
  const meta = schema.meta();
  const bare = unwrap(schema);
  if (!(bare instanceof z.ZodObject)) return annotated(bare.optional(), meta);
  const shape: Record<string, z.ZodType> = {};
  for (const [name, field] of Object.entries(bare.shape)) shape[name] = withoutDefaults(field as z.ZodType);
  return annotated(z.strictObject(shape).optional(), meta);
}

function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return unwrap(schema.def.innerType as z.ZodType);
  return schema;
}

function annotated(schema: z.ZodType, meta: z.GlobalMeta | undefined): z.ZodType {
  return meta === undefined ? schema : schema.meta(meta);
}
