// Every process of an installation under strace, so that a test sees what the kernel was asked for.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Trace = {
  /** What goes in front of a command line: for `createInstallation({ under })`. */
  readonly under: readonly string[];
  /** The calls since the last look, a line each. */
  look(): readonly string[];
  remove(): void;
};

export function createTrace(...options: readonly string[]): Trace {
  const folder = mkdtempSync(join(tmpdir(), "lorica-trace-"));
  const file = join(folder, "trace");
  // Detached, so that the traced process stays the test's own child.
  const quiet = ["strace", "-f", "-D", "-A", "-qq", "-yy", "-e", "signal=none", "-o", file];
  return {
    under: [...quiet, ...options],
    look() {
      const text = existsSync(file) ? readFileSync(file, "utf8") : "";
      writeFileSync(file, "");
      return text.split("\n");
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Why nothing can be traced here; undefined where it can. */
export function whyNotTraced(): string | undefined {
  const tried = spawnSync("strace", ["-f", "-o", "/dev/null", "/bin/true"], { encoding: "utf8" });
  if (tried.error !== undefined) return "strace is not installed; install it with: apt-get install strace";
  return tried.status === 0 ? undefined : `strace may not trace here: ${tried.stderr.trim()}`;
}
