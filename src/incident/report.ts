// The assessment: what the evidence and the files say of the days before, counted and dated. It judges nothing.
import { limits } from "../base/limits.ts";
import { huntPersistence, look } from "./hunt.ts";
import type { Found } from "./hunt.ts";

type Line = Readonly<Record<string, unknown>>;

export type ReportSource = {
  /** What the verifier says. */
  readonly verified: string;
  readonly records: readonly Line[];
  readonly home: string;
  readonly since: number;
  readonly watched: readonly (readonly [path: string, why: string])[];
};

export function assess({ verified, records, home, since, watched }: ReportSource): string {
  const of = (...kinds: string[]): readonly Line[] => records.filter(({ kind }) => kinds.includes(String(kind)));
  const denied = records.filter(({ verdict, kind }) => verdict === "deny" && kind !== "pairing");
  return [
    `since ${new Date(since).toISOString()}: ${records.length} records`,
    "",
    ...section("the evidence log", verified.split("\n")),
    ...section(
      "refused, by rule",
      count(denied, ({ rule, verb }) => `${String(rule ?? "no rule")} ${String(verb ?? "")}`),
    ),
    ...section(
      "who asked for something",
      count(records, ({ principal, actor }) => String(actor ?? principal ?? "nobody")),
    ),
    ...section("let in or sent away", of("pairing").map(shown)),
    ...section("config and secrets", of("config", "vault").map(shown)),
    ...section("watchdog, leaks, incidents", of("watchdog", "dlp", "incident").map(shown)),
    ...section(
      "sessions",
      count(records, ({ sessionKey }) => String(sessionKey ?? "none")),
    ),
    ...section("files of Lorica's", watched.flatMap(([path, why]) => look(path, why)).map(dated)),
    ...section("changed since, where somebody may come back", recent(huntPersistence(home), since)),
  ].join("\n");
}

function section(title: string, lines: readonly string[]): readonly string[] {
  const most = limits.incidentLinesMax;
  const more = lines.length > most ? [`  … and ${lines.length - most} more`] : [];
  return [
    `== ${title}`,
    ...(lines.length === 0 ? ["  nothing"] : lines.slice(0, most).map((line) => `  ${line}`)),
    ...more,
    "",
  ];
}

function count(records: readonly Line[], keyOf: (record: Line) => string): readonly string[] {
  const counts = new Map<string, number>();
  for (const record of records) counts.set(keyOf(record), (counts.get(keyOf(record)) ?? 0) + 1);
  return [...counts].toSorted(([, one], [, other]) => other - one).map(([key, times]) => `${times} × ${key.trim()}`);
}

function shown({ time, verdict, actor, principal, resource, reason }: Line): string {
  return [time, verdict, actor ?? principal, resource, reason].filter((part) => part !== undefined).join("  ");
}

function dated({ path, why, changedAt, sha256 }: Found): string {
  return `${new Date(changedAt).toISOString()}  ${sha256?.slice(0, 16) ?? "not readable"}  ${path} (${why})`;
}

function recent(found: readonly Found[], since: number): readonly string[] {
  return found.filter(({ changedAt }) => changedAt >= since).map(dated);
}
