// Waits for what another process will bring about, and says what it was where it never does.
import { setTimeout as delay } from "node:timers/promises";

const patienceMs = 30_000;
const pauseMs = 25;

export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${patienceMs} ms: ${what}`);
    await delay(pauseMs);
  }
}
