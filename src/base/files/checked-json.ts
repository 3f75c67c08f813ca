// JSON of our own that says whether it is still as it was written: with a sum of itself in it, and read byte by byte. It
// finds damage and a hand that changes one thing; who can write the file and knows how can make the sum as well.
import { sha256 } from "../ids.ts";
import { isRecord, parseJson } from "../json.ts";
import { parsed, rejected } from "../parsed.ts";
import type { Parsed } from "../parsed.ts";

export function encodeChecked(value: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...value, sum: sha256(JSON.stringify(value)) });
}

export function parseChecked(text: string): Parsed<Readonly<Record<string, unknown>>> {
  const read = parseJson(text);
  if (!read.ok || !isRecord(read.value)) return rejected("it is no longer what was written");
  const { sum: _, ...value } = read.value;
  return encodeChecked(value) === text ? parsed(value) : rejected("it is no longer what was written");
}
