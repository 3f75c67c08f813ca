// The evidence of what the owner does while no gateway runs: the same log, taken up for one command and closed again.
import { createAuditWriter } from "../../audit/audit.ts";
import type { AuditLog } from "../../audit/audit.ts";
import { openEvidence } from "../../audit/chain/evidence.ts";
import { systemClock } from "../../base/clock.ts";
import type { StatePaths } from "../../config/config.ts";
import type { SealedVault } from "../../vault/vault.ts";

/** Runs with the state directory locked. With the vault open the record is signed, and else by the next start. */
export function recordOffline(
  paths: StatePaths,
  vault: Pick<SealedVault, "status" | "key"> | undefined,
  record: Parameters<AuditLog["record"]>[0],
): void {
  const say = (message: string): void => void process.stderr.write(`lorica: ${message}\n`);
  const evidence = openEvidence({ folder: paths.logs, clock: systemClock, log: { warn: say, error: say } });
  try {
    if (vault?.status().state === "open") evidence.unlock(vault.key("evidence"));
    const writer = createAuditWriter({
      clock: systemClock,
      write: (line) => evidence.write(line),
      writeCommand: () => undefined,
      // Names, paths and counts: what these commands record never holds a value.
      redact: (text) => text,
    });
    writer.source("broker").record(record);
  } finally {
    evidence.close();
  }
}
