// What a record of the evidence log costs, chained, pointed at and signed now and then, beside a plain line in a file. In
// time of the processor: what else runs on the machine is not asked about. What the chain
// adds is held to a limit of its own and to a ratio to the rest of a record.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuditWriter, silentLog } from "../../src/audit/audit.ts";
import { openEvidence } from "../../src/audit/chain/evidence.ts";
import { openRotatingFile } from "../../src/audit/writer/rotating-file.ts";
import { systemClock } from "../../src/base/clock.ts";
import { createRedactor } from "../../src/dlp/dlp.ts";
import { figure } from "../harness.ts";

const records = 10_000;
const rounds = 15;
const { redact } = createRedactor({
  values: () => Array.from({ length: 20 }, (_, at) => `secret-value-number-${at}`),
  patterns: [],
});

function measure(write: (line: string) => void): number {
  const { record } = createAuditWriter({ clock: systemClock, write, writeCommand: () => undefined, redact }).source(
    "broker",
  );
  const before = process.cpuUsage();
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
  const { user, system } = process.cpuUsage(before);
  return (user + system) / records;
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
  figure("a record, plain", [best("plain"), "µs"]);
  figure("a record, chained", [best("chained"), "µs"]);
  figure("more for the chain, in time of the processor", [best("chained") - best("plain"), "µs"], { atMost: 5 });
  figure("the same as a ratio", [best("chained") / best("plain"), "times"], { atMost: 1.3 });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
