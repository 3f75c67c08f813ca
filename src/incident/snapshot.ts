// What is kept of the moment: the evidence log with its verifier, the other logs, and what was running, redacted. The
// files themselves stay where they are.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, isMissing } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { huntPersistence, look } from "./hunt.ts";

export type SnapshotSource = {
  readonly folder: string;
  readonly home: string;
  readonly logs: string;
  /** Files whose dates and hashes tell whether they are the ones that the owner knows. */
  readonly watched: readonly (readonly [path: string, why: string])[];
  /** By the name of the file that it becomes. */
  readonly lists: Readonly<Record<string, unknown>>;
  readonly redact: (text: string) => string;
  /** Copies the evidence log into a new folder. */
  readonly exportEvidence: (folder: string) => void;
};

/** Answers the names of what it wrote. */
export function takeSnapshot(source: SnapshotSource): readonly string[] {
  const { folder, logs, redact } = source;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  source.exportEvidence(join(folder, "evidence"));
  const lists = {
    ...source.lists,
    hunt: huntPersistence(source.home),
    files: source.watched.flatMap(([path, why]) => look(path, why)),
    processes: listProcesses(),
  };
  addLists(folder, lists, redact);
  const copied = readdirSync(logs).filter((name) => /^(gateway|commands|config-audit)\b/.test(name));
  for (const name of copied) writeFileSync(join(folder, name), redactLines(join(logs, name), redact), { mode: 0o600 });
  return ["evidence", ...Object.keys(lists).map((name) => `${name}.json`), ...copied];
}

export function addLists(
  folder: string,
  lists: Readonly<Record<string, unknown>>,
  redact: SnapshotSource["redact"],
): void {
  for (const [name, value] of Object.entries(lists))
    writeFileSync(join(folder, `${name}.json`), `${eachLine(JSON.stringify(value, null, 2), redact)}\n`, {
      mode: 0o600,
    });
}

/** Once more, by what is known now: a secret may have been stored after a line was written. */
function redactLines(path: string, redact: (text: string) => string): string {
  const text = readFileSync(path, "utf8").slice(-limits.incidentLogMaxChars);
  return eachLine(text, redact);
}

/** A long list at once would be cut where the redactor stops looking. */
function eachLine(text: string, redact: SnapshotSource["redact"]): string {
  return text.split("\n").map(redact).join("\n");
}

/** Names and parents, without arguments: those may hold what nobody should read. */
function listProcesses(): readonly unknown[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)?.[1] ?? "";
      return [{ pid: Number(pid), name: field("Name"), parent: Number(field("PPid")), user: Number(field("Uid")) }];
    } catch (cause) {
      // It ended meanwhile.
      if (isMissing(cause) || errnoOf(cause) === "ESRCH") return [];
      throw cause;
    }
  });
}
