// Ends a bubblewrap so that nothing of it is left, whenever that is asked for.
import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";

const waitForPidMs = 2_000;

/**
 * Killing the bwrap that was started is not enough: until its inner first process has asked to die with it, some
 * milliseconds after the start, that process would stay behind for good. So it is the first process that is killed; its
 * number comes over `--info-fd`, and an earlier kill waits for it.
 */
export function createKill(child: ChildProcess, info: Readable): () => void {
  let firstProcess: number | undefined;
  let text = "";
  let wanted = false;

  info.on("error", () => undefined);
  info.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    const pid = /"child-pid":\s*(\d+)/.exec(text)?.[1];
    if (pid === undefined) return;
    firstProcess = Number(pid);
    if (wanted) strike(firstProcess);
  });

  /** As long as bwrap has not ended the number is its child's, and of nobody who was given it since. */
  function strike(pid: number): void {
    if (hasEnded(child)) return;
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      // It has just ended by itself.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }

  return () => {
    if (wanted || hasEnded(child)) return;
    wanted = true;
    if (firstProcess !== undefined) return strike(firstProcess);
    // A bwrap that never tells has not started anything either.
    setTimeout(() => void (firstProcess === undefined && child.kill("SIGKILL")), waitForPidMs).unref();
  };
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
