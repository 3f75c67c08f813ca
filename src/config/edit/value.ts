// What somebody typed behind `config set KEY`: JSON5 where it is JSON5, else plain text. A shell may have eaten quotes
// on the way; then the error shows how to write it.
import { evaluate, parse } from "@humanwhocodes/momoa";
import { z } from "zod";
import { rejected, parsed } from "../../base/parsed.ts";
import type { Json } from "../../base/json.ts";
import type { Parsed } from "../../base/parsed.ts";
import { renderPath } from "../read/issue.ts";
import type { Path } from "../read/issue.ts";
import { configSchema } from "../schema/schema.ts";
import { bareOf, metaOf, schemaAt } from "../schema/walk.ts";

export function parseValue(path: Path, typed: string): Parsed<Json> {
  const schema = schemaAt(configSchema, path);
  const wanted = schema === undefined ? undefined : bareOf(schema);
  const isText =
    wanted instanceof z.ZodString ||
    wanted instanceof z.ZodEnum ||
    (schema !== undefined && metaOf(schema)["x-secret"] === true);
  const value = readJson5(typed);
  // `18789` for a key that holds text is text; a quoted text is what is in the quotes.
  if (isText && (value === undefined || typeof value !== "object" || value === null))
    return parsed(typeof value === "string" ? value : typed);
  if (value !== undefined) return parsed(value);
  if (/^\s*[[{]/.test(typed) || wanted instanceof z.ZodArray) return rejected(quotingHint(path, typed, wanted));
  return parsed(typed);
}

function readJson5(text: string): Json | undefined {
  try {
    return evaluate(parse(text, { mode: "json5" })) as Json;
  } catch {
    // Not JSON5 is an answer here: the text stands for itself.
    return undefined;
  }
}

/** `[127.0.0.1]` is what the shell leaves of `'['"127.0.0.1"]'`; it is shown with its quotes back. */
function quotingHint(path: Path, typed: string, wanted: z.ZodType | undefined): string {
  const key = renderPath(path);
  const inner = typed.trim().replace(/^\[|\]$/g, "");
  const items = inner.split(",").map((item) => item.trim().replace(/^["']|["']$/g, ""));
  const list = !typed.trim().startsWith("{") && (wanted instanceof z.ZodArray || typed.trim().startsWith("["));
  const example = list ? JSON.stringify(items.filter((item) => item !== "")) : '{"name": "value"}';
  return `${key}: not a JSON5 value: the shell has probably taken the quotes. Write it as: lorica config set ${key} '${example}'`;
}
