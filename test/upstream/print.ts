// `OPENCLAW_PEER=… node test/upstream/print.ts [--write]`: tries upstream's clients and prints a line for each; with
// `--write` what they printed goes into docs/upstream-clients.md.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { checks } from "./checks.ts";
import { openHouse } from "./house.ts";
import { whyNoPeer } from "./peer.ts";
import { renderReport } from "./report.ts";
import type { Result } from "./report.ts";

if (whyNoPeer !== undefined) {
  process.stdout.write(`skipped: ${whyNoPeer}\n`);
  process.exit(0);
}
const house = await openHouse();
const results: Result[] = [];
try {
  for (const { client, job, run } of checks) {
    const result = await run(house).then(
      (printed): Result => ({ client, job, printed }),
      (error: unknown): Result => ({ client, job, printed: [], problem: String(error) }),
    );
    results.push(result);
    process.stdout.write(
      `${result.problem === undefined ? "passed" : "failed"}  ${client}: ${result.problem ?? job}\n`,
    );
  }
} finally {
  await house.close();
}
const hidden = [house.lorica.token, house.lorica.home, house.peer.env["HOME"] ?? ""];
if (process.argv.includes("--write")) {
  const path = join(resolve(import.meta.dirname, "../.."), "docs/upstream-clients.md");
  writeFileSync(
    path,
    renderReport({ version: house.peer.version, results, hidden, ports: [house.lorica.port, house.pagePort] }),
  );
}
process.exit(results.every(({ problem }) => problem === undefined) ? 0 : 1);
