// Runs a program of the owner's to its end: no shell, an empty environment, and a bound on what it may print.
import { limits } from "../base/limits.ts";
import { spawnClean } from "./spawn.ts";

/** `code` is null where it was ended, because its time was up or it said too much. Rejects where it cannot be started. */
export async function runProgram(
  file: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  signal.throwIfAborted();
  const child = spawnClean({ file, args, stdio: ["ignore", "pipe", "pipe"] });
  // It leads a group of its own, and what it started goes with it.
  const kill = (): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    process.kill(-child.pid, "SIGKILL");
  };
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
      if (said[name].length > limits.programOutputMaxChars) kill();
    });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once("error", reject);
  child.once("close", resolve);
  signal.addEventListener("abort", kill, { once: true });
  try {
    return { code: await promise, ...said };
  } finally {
    signal.removeEventListener("abort", kill);
  }
}
