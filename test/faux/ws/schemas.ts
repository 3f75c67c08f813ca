// Upstream's published schemas (2026.9.1) as validators: what is wrong with a value, in upstream's eyes.
import { createRequire } from "node:module";
import { ProtocolSchemas } from "@openclaw/gateway-protocol/schema";

type Validator = { Check(value: unknown): boolean; Errors(value: unknown): Iterable<unknown> };

// The compiler is the package's own dependency; this one has no need to name it.
const inside = createRequire(import.meta.resolve("@openclaw/gateway-protocol"));
const { Compile } = (await import(inside.resolve("typebox/compile"))) as { Compile(schema: unknown): Validator };
const compiled = new Map<string, Validator>();

/** Empty where upstream's clients would accept it. */
export function upstreamErrors(name: string, value: unknown): readonly string[] {
  const schema = (ProtocolSchemas as Readonly<Record<string, unknown>>)[name];
  if (schema === undefined) throw new Error(`upstream has no schema ${name}`);
  const validator = compiled.get(name) ?? Compile(schema);
  compiled.set(name, validator);
  // What JSON leaves out is not there.
  const json: unknown = JSON.parse(JSON.stringify(value));
  if (validator.Check(json)) return [];
  return [...validator.Errors(json)].map((error) => JSON.stringify(error)).slice(0, 8);
}
