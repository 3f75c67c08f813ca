// What a record of the evidence log costs, chained, pointed at and signed now and then, beside a plain line in a file.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuditWriter, silentLog } from "../../src/audit/audit.ts";
import { openEvidence } from "../../src/audit/chain/evidence.ts";
import { openRotatingFile } from "../../src/audit/writer/rotating-file.ts";
import { systemClock } from "../../src/base/clock.ts";
import { createRedactor } from "../../src/dlp/dlp.ts";

const records = 20_000;
const rounds = 5;
const limit = 1.3;
const { redact } = createRedactor({
  values: () => Array.from({ length: 20 }, (_, at) => `secret-value-number-${at}`),
  patterns: [],
});

function measure(write: (line: string) => void): number {
  const { record } = createAuditWriter({ clock: systemClock, write, writeCommand: () => undefined, redact }).source(
    "broker",
  );
  const startedAt = performance.now();
  for (let number = 0; number < records; number++)
    record({
      kind: "effect",
      verb: "process.run",
      verdict: "allow",
      agentId: "main",
      sessionKey: "agent:main:main",
      principal: "owner",
      resource: `git log --oneline -${number}`,
      result: { cwd: ".", mode: "foreground", durationMs: number, exitCode: 0 },
    });
  return ((performance.now() - startedAt) / records) * 1_000;
}

const folder = mkdtempSync(join(tmpdir(), "lorica-bench-"));
try {
  const bounds = { maxBytes: 16_777_216, maxFiles: 5 };
  const plain = openRotatingFile({ path: join(folder, "plain.jsonl"), ...bounds, describeLoss: () => "" });
  const evidence = openEvidence({ folder: join(folder, "logs"), clock: systemClock, log: silentLog });
  evidence.unlock(Buffer.alloc(32, 1));
  const results = Array.from({ length: rounds }, () => ({
    plain: measure((line) => plain.write(line)),
    chained: measure((line) => evidence.write(line)),
  }));
  const best = (name: "plain" | "chained"): number => Math.min(...results.map((result) => result[name]));
  evidence.close();
  plain.close();
  const ratio = best("chained") / best("plain");
  process.stdout.write(
    `a record, plain      ${best("plain").toFixed(1)} µs\na record, chained    ${best("chained").toFixed(1)} µs\n` +
      `ratio                ${ratio.toFixed(2)} (limit ${limit})\n`,
  );
  process.exitCode = ratio <= limit ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
