// JSON as a type, and reading it without trusting it.
import { rejected } from "./parsed.ts";
import type { Parsed } from "./parsed.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export function parseJson(text: string): Parsed<Json> {
  try {
    return { ok: true, value: JSON.parse(text) as Json };
  } catch (cause) {
    return rejected(cause instanceof Error ? cause.message : "not JSON");
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
