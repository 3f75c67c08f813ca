// The incident that is open, and what has been done about it: one file, written whole.
import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { isMissing, LoricaError } from "../base/errors.ts";
import { isRecord, parseJson } from "../base/json.ts";
import { replaceFile } from "../base/replace-file.ts";
import type { Item } from "./checklist.ts";

export type Incident = {
  readonly id: string;
  readonly startedAt: number;
  readonly reason: string;
  readonly state: "frozen" | "contained" | "closed";
  /** Where its snapshot is. */
  readonly folder: string;
  readonly checklist: readonly (Item & { readonly doneAt: number | null })[];
  /** What containing it did, a line each. */
  readonly contained: readonly string[];
  readonly closedAt: number | null;
  /** Up to then the owner is told of every change. */
  readonly watchedUntil: number | null;
};

export type IncidentBook = {
  current(): Incident | undefined;
  /** Answers the one that it was given. */
  keep(incident: Incident): Promise<Incident>;
};

export function openIncidentBook(path: string): IncidentBook {
  let current = load(path);
  return {
    current: () => current,
    async keep(incident) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      await replaceFile(path, `${JSON.stringify(incident, null, 2)}\n`);
      current = incident;
      return incident;
    },
  };
}

function load(path: string): Incident | undefined {
  try {
    const json = parseJson(readFileSync(path, "utf8"));
    if (json.ok && isRecord(json.value) && Array.isArray(json.value["checklist"]))
      return json.value as unknown as Incident;
    throw new LoricaError("internal", `${path} holds no incident; move it away, and what it names is lost`);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw cause;
  }
}
