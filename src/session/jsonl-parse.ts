// Reads JSON lines of a transcript, ours or another tool's. A file is untrusted: each line is checked against what an
// entry may be, and what nobody knows is skipped and counted, never guessed.
import { z } from "zod";
import { isRecord, parseJson } from "../base/json.ts";
import type { Label } from "../base/label.ts";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";
import type { EntryBody } from "../base/transcript.ts";
import { entryBody, label, readForeign } from "./jsonl-shape.ts";

export type ParsedLine =
  | { readonly kind: "session" }
  | {
      readonly kind: "entry";
      readonly body: EntryBody;
      readonly label: Label | undefined;
      readonly at: number | undefined;
    }
  /** A line of a kind that a transcript may hold and that says nothing to a model. */
  | { readonly kind: "skipped" };

const own = z.object({ body: entryBody, label, at: z.int().min(0).optional() });

export function parseLine(text: string): Parsed<ParsedLine> {
  const json = parseJson(text);
  if (!json.ok) return rejected("it is not JSON");
  const line: unknown = json.value;
  if (!isRecord(line) || typeof line["type"] !== "string") return rejected("it is not an event of a transcript");
  if (line["type"] === "session") return parsed({ kind: "session" });
  const at = parseTime(line["timestamp"]);
  if (line["lorica"] === undefined) {
    const body = readForeign(line);
    if (!body.ok) return body;
    return parsed(
      body.value === undefined ? { kind: "skipped" } : { kind: "entry", body: body.value, label: undefined, at },
    );
  }
  const entry = own.safeParse(line["lorica"]);
  if (!entry.success) return rejected(`its entry is not one of ours: ${z.prettifyError(entry.error).split("\n")[0]}`);
  const { body, label: stated, at: exact } = entry.data;
  return parsed({ kind: "entry", body: body as EntryBody, label: stated, at: exact ?? at });
}

function parseTime(value: unknown): number | undefined {
  const at = typeof value === "number" ? value : typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isSafeInteger(at) && at >= 0 ? at : undefined;
}
