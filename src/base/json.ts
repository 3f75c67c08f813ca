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

/** Walks without recursion: how deep it may go is what is being asked, and a recursive reader would not survive it. */
export function nestsDeeper(json: unknown, depthMax: number): boolean {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value: json, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    if (depth > depthMax) return true;
    if (typeof value !== "object" || value === null) continue;
    for (const part of Object.values(value)) {
      if (typeof part === "object" && part !== null) open.push({ value: part, depth: depth + 1 });
    }
  }
  return false;
}
