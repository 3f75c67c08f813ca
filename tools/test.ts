// Runs every test and ends with one line that counts them. Unit tests share one process; whatever starts processes,
// browsers or servers of its own gets one each. `node tools/test.ts [name…]` runs only files whose path holds a name.
import { chmodSync, globSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import type { EventData } from "node:test";
import { leftOver } from "./test/left-over.ts";
import { whyNoSandbox } from "../test/faux/outside/host.ts";

const root = resolve(import.meta.dirname, "..");
const own = ["bench", "jail", "process", "scenarios", "upstream"];
const testTimeoutMs = 8 * 60_000;
// Five times what it takes on two cores with nothing else to do.
const suiteTimeoutMs = 40 * 60_000;

type Tally = { passed: number; failed: number; readonly skipped: string[]; readonly failures: string[] };

const wanted = process.argv.slice(2);
const files = globSync("test/**/*.test.ts", { cwd: root })
  .filter((file) => wanted.length === 0 || wanted.some((name) => file.includes(name)))
  .toSorted();
const alone = files.filter((file) => own.some((folder) => file.startsWith(`test/${folder}/`)));
const together = files.filter((file) => !alone.includes(file));
const kernel = alone.filter((file) => file.startsWith("test/jail/"));

const folder = useOwnTemporaryFolder();
const reported = new Set<string | undefined>();
const tally: Tally = { passed: 0, failed: 0, skipped: [], failures: [] };
const late = setTimeout(() => {
  fail(`the suite has not ended within ${suiteTimeoutMs / 60_000} minutes`);
  finish();
}, suiteTimeoutMs);
const noSandbox = kernel.length > 0 ? whyNoSandbox() : undefined;
const left = noSandbox === undefined ? [] : kernel;
tally.skipped.push(...left.map((file) => `${file}: ${noSandbox}`));
if (together.length > 0) await runFiles([inOneFile(together)]);
await runFiles(alone.filter((file) => !left.includes(file)));
clearTimeout(late);
for (const file of files) if (!left.includes(file) && !reported.has(join(root, file))) fail(`no test of ${file} ended`);
finish();

/** Its modules must not await at their top: what is forced to exit does not wait for the rest of them. */
function inOneFile(paths: readonly string[]): string {
  const path = join(folder, "together.test.mjs");
  writeFileSync(path, paths.map((one) => `import ${JSON.stringify(join(root, one))};\n`).join(""));
  return path;
}

async function runFiles(paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const stream = run({
    files: paths.map((path) => resolve(root, path)),
    isolation: "process",
    concurrency: 2,
    timeout: testTimeoutMs,
    // What a failed test left open must not keep its file's process from ending.
    execArgv: ["--test-force-exit"],
  });
  stream.on("test:pass", (event) => count(event, "passed"));
  stream.on("test:fail", (event) => count(event, "failed"));
  const report = stream.compose(spec);
  report.pipe(process.stdout, { end: false });
  await new Promise((end, fail) => report.once("end", end).once("error", fail));
}

/** Tests kill what they start, so not all of it can clean up behind itself. */
function useOwnTemporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "lorica-test-"));
  // What root starts as another user has to get in.
  if (process.getuid?.() === 0) chmodSync(folder, 0o1777);
  process.env["TMPDIR"] = folder;
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));
  return realpathSync(folder);
}

function count(event: EventData.TestPass | EventData.TestFail, result: "passed" | "failed"): void {
  reported.add(event.file);
  if (event.skip !== undefined || event.todo !== undefined) {
    tally.skipped.push(`${event.name}: ${String(event.skip ?? event.todo)}`);
    return;
  }
  // A suite or a file counts only where it failed by itself: its tests were counted already.
  if (event.details.type === "suite" && result === "passed") return;
  if (result === "passed") tally.passed += 1;
  else fail(`${event.name} (${event.file ?? "unknown file"}): ${firstLineOf(event.details)}`);
}

/** For a run that is ended before its reporter gets to say why each test failed. */
function firstLineOf(details: EventData.TestPass["details"] | EventData.TestFail["details"]): string {
  const cause = "error" in details ? (details.error.cause ?? details.error) : undefined;
  return String(cause instanceof Error ? cause.message : cause).split("\n", 1)[0] ?? "";
}

function fail(what: string): void {
  tally.failed += 1;
  tally.failures.push(what);
}

/** Whatever still runs was forgotten, or hangs. Either way it fails here, and ends. */
function finish(): never {
  // What a broker that was killed had begun (its code being compiled ahead) ends by itself; what does not is forgotten.
  const still = new Int32Array(new SharedArrayBuffer(4));
  for (let tries = 0; tries < 20 && leftOver(folder).length > 0; tries += 1) Atomics.wait(still, 0, 0, 250);
  for (const { pid, command } of leftOver(folder)) {
    fail(`left running: ${command}`);
    kill(pid);
  }
  for (const reason of tally.skipped) process.stdout.write(`skipped: ${reason}\n`);
  for (const failure of tally.failures) process.stdout.write(`failed: ${failure}\n`);
  process.stdout.write(`${tally.passed} passed, ${tally.failed} failed\n`);
  process.exit(tally.failed === 0 && tally.passed > 0 ? 0 : 1);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    // It ended by itself since it was listed.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
