// The evidence log at its place in the broker: opened before anything is decided, closed after everything has ended.
import { join } from "node:path";
import { createAuditWriter } from "../../audit/audit.ts";
import type { AuditRecord, AuditWriter } from "../../audit/audit.ts";
import { openEvidence } from "../../audit/chain/evidence.ts";
import type { Evidence } from "../../audit/chain/evidence.ts";
import { createEvidenceAnswers } from "../../audit/read/answers.ts";
import type { EvidenceAnswers } from "../../audit/read/answers.ts";
import { openRotatingFile } from "../../audit/writer/rotating-file.ts";
import { systemClock } from "../../base/clock.ts";
import { limits } from "../../base/limits.ts";
import type { PartStatus } from "../../protocol/owner/kit.ts";
import type { Ground } from "./open-parts.ts";
import type { BrokerSide } from "./side.ts";

export type EvidenceSide = BrokerSide & {
  readonly writer: AuditWriter;
  readonly evidence: Evidence;
  readonly areas: EvidenceAnswers;
  /** Calls the listener with every record, as it came. */
  onRecord(listener: (record: AuditRecord) => void): void;
  close(): void;
};

export function openEvidenceSide({ options, redactor, log, alertOwner, vault }: Ground): EvidenceSide {
  const { logs } = options.paths;
  const own = log.source("evidence");
  const evidence = openEvidence({
    folder: logs,
    clock: systemClock,
    log: {
      warn: own.warn,
      error(message, fields) {
        own.error(message, fields);
        alertOwner(message);
      },
    },
  });
  /** The key goes with the vault. Nobody tells when that opens or closes, so it is looked at. */
  const follow = (): void => {
    const isOpen = vault.status().state === "open";
    const hasKey = evidence.status().publicKey !== undefined;
    if (isOpen && !hasKey) evidence.unlock(vault.key("evidence"));
    if (!isOpen && hasKey) evidence.lock();
  };
  follow();
  const commands = openRotatingFile({
    path: join(logs, "commands.log"),
    maxBytes: limits.logFileMaxBytes,
    maxFiles: limits.logFilesMax,
    describeLoss: (lines, errno) => JSON.stringify({ time: new Date().toISOString(), kind: "loss", lines, errno }),
  });
  let listener: ((record: AuditRecord) => void) | undefined;
  return {
    evidence,
    onRecord: (next) => void (listener = next),
    writer: createAuditWriter({
      clock: systemClock,
      write: (line) => evidence.write(line),
      writeCommand: (line) => commands.write(line),
      redact: (text) => redactor.redact(text),
      onRecord: (record) => listener?.(record),
    }),
    areas: createEvidenceAnswers(logs, evidence),
    part() {
      follow();
      return describe(evidence);
    },
    start(_, signal) {
      const timer = setInterval(follow, limits.vaultLookMs).unref();
      signal.addEventListener("abort", () => clearInterval(timer), { once: true });
    },
    close() {
      evidence.close();
      commands.close();
    },
  };
}

function describe(evidence: Evidence): PartStatus {
  const { head, signedUpTo, publicKey, problems } = evidence.status();
  const detail = `${head.seq} records, signed up to ${signedUpTo}`;
  if (problems.length > 0)
    return {
      name: "evidence",
      state: "degraded",
      detail: `${detail}; ${problems.join("; ")}`,
      fix: "lorica audit verify",
    };
  if (publicKey === undefined)
    return {
      name: "evidence",
      state: "locked",
      detail: `${head.seq} records, chained; they are signed once the vault is open`,
      fix: "lorica vault unseal",
    };
  return { name: "evidence", state: "on", detail, fix: null };
}
