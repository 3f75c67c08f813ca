// Config as it is shown: secrets by their mark, parts by their path (CFG-025).
import type { Json } from "../base/json.ts";
import { isRecord } from "../base/json.ts";
import { isSecretRef, redactedLiteral } from "../base/secret.ts";
import type { Path } from "./read/issue.ts";
import type { Config } from "./schema/schema.ts";

/** Everything a person may see. A Config holds no secret values; their names are hidden all the same. */
export function redactConfig(config: Config): Json {
  return redact(config);
}

function redact(value: unknown): Json {
  if (isSecretRef(value)) return redactedLiteral;
  if (Array.isArray(value)) return value.map(redact);
  if (!isRecord(value)) return value as Json;
  const parts = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(parts.map(([name, part]) => [name, redact(part)]));
}

/** The part at a path; items of a list by position or by `id`. Undefined where there is none. */
export function partOf(value: Json, path: Path): Json | undefined {
  let at: Json | undefined = value;
  for (const step of path) {
    if (Array.isArray(at)) at = itemOf(at as readonly Json[], step);
    else if (isRecord(at) && Object.hasOwn(at, step)) at = (at as Record<string, Json>)[step];
    else return undefined;
  }
  return at;
}

function itemOf(items: readonly Json[], step: string | number): Json | undefined {
  if (typeof step === "number" || /^\d{1,6}$/.test(step)) return items[Number(step)];
  return items.find((item) => isRecord(item) && item.id === step);
}
