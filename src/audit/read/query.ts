// Finding records in the evidence log: newest files first, and no more of them than are needed.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "../../base/errors.ts";
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { listFiles } from "../verify/verify-evidence.ts";

export type AuditFilter = {
  readonly kinds?: readonly string[] | undefined;
  readonly verdict?: "allow" | "deny" | undefined;
  readonly agent?: string | undefined;
  readonly session?: string | undefined;
  readonly actor?: string | undefined;
  readonly text?: string | undefined;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
};

export type AuditQuery = AuditFilter & {
  /** Only records with a higher number: for following the log. */
  readonly after?: number | undefined;
  readonly limit?: number | undefined;
};

type Line = Readonly<Record<string, unknown>>;

/** The newest that fit, oldest first; `next` is where following goes on. Lines that are no record are left out. */
export async function queryAudit(folder: string, query: AuditQuery): Promise<{ records: Line[]; next: number }> {
  const { after = 0, limit = limits.auditQueryDefault } = query;
  const found: Line[] = [];
  let next = after;
  let chars = 0;
  for (const name of listFilesOf(folder).toReversed()) {
    const lines = (await readIfThere(join(folder, name))).split("\n").slice(0, -1);
    let oldest = Number.POSITIVE_INFINITY;
    for (const text of lines.toReversed()) {
      const record = recordOf(text);
      if (record === undefined) continue;
      oldest = Number(record["seq"]);
      next = Math.max(next, oldest);
      if (oldest <= after) break;
      if (!fits(record, text, query)) continue;
      chars += text.length;
      if (found.length >= limit || chars > limits.auditQueryMaxChars) return { records: found.toReversed(), next };
      found.push(record);
    }
    if (oldest <= after) break;
  }
  return { records: found.toReversed(), next };
}

export function fits(record: Line, text: string, filter: AuditFilter): boolean {
  const { kinds, verdict, agent, session, actor, since, until } = filter;
  const time = Date.parse(String(record["time"]));
  return (
    (kinds === undefined || kinds.includes(String(record["kind"]))) &&
    (verdict === undefined || record["verdict"] === verdict) &&
    (agent === undefined || record["agentId"] === agent) &&
    (session === undefined || record["sessionKey"] === session) &&
    (actor === undefined || record["actor"] === actor || record["principal"] === actor) &&
    (since === undefined || time >= since) &&
    (until === undefined || time <= until) &&
    (filter.text === undefined || text.toLowerCase().includes(filter.text.toLowerCase()))
  );
}

export function recordOf(text: string): Line | undefined {
  const json = parseJson(text);
  return json.ok && isRecord(json.value) && typeof json.value["seq"] === "number" ? json.value : undefined;
}

function listFilesOf(folder: string): readonly string[] {
  try {
    return listFiles(folder);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw cause;
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    // A rotation may just have taken it away; what was in it has another name now.
    if (isMissing(cause)) return "";
    throw cause;
  }
}
