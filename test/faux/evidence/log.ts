// Evidence logs for tests: written by the real writer with a known key, and verified with it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { silentLog } from "../../../src/audit/audit.ts";
import { openEvidence } from "../../../src/audit/chain/evidence.ts";
import type { Evidence } from "../../../src/audit/chain/evidence.ts";
import { evidenceKeys } from "../../../src/audit/chain/keys.ts";
import { verifyEvidence } from "../../../src/audit/verify/verify-evidence.ts";
import type { EvidenceReport } from "../../../src/audit/verify/verify-evidence.ts";

export const secret = Buffer.alloc(32, 7);
export const { publicKey, headKey } = evidenceKeys(secret);
const clock = { now: () => Date.parse("2026-01-02T03:04:05Z") };

export function folderFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "lorica-evidence-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function open(folder: string, bounds: { maxBytes?: number; filesMax?: number } = {}): Evidence {
  return openEvidence({ folder, clock, log: silentLog, ...bounds });
}

export function write(evidence: Evidence, count: number): void {
  for (let number = 0; number < count; number++)
    evidence.write(JSON.stringify({ kind: "effect", resource: `echo ${number} "ä"`, result: { number } }));
}

/** So many records, signed and closed. */
export function sealed(folder: string, count = 8): void {
  const evidence = open(folder);
  evidence.unlock(secret);
  write(evidence, count);
  evidence.close();
}

export const check = (folder: string): Promise<EvidenceReport> => verifyEvidence(folder, { key: publicKey, headKey });

export const log = (folder: string): string => join(folder, "audit.jsonl");
export const lines = (folder: string): string[] => readFileSync(log(folder), "utf8").split("\n").slice(0, -1);
export const rewrite = (folder: string, next: readonly string[]): void =>
  writeFileSync(log(folder), `${next.join("\n")}\n`);
