// From another process's rewrite of the config, which would open the gateway, to the approved file back in its place. Slow
// enough between the rounds not to be taken for somebody who never stops.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createHome, figure, removeHome, startGateway } from "./harness.ts";

const rounds = 30;
const betweenMs = 2_300;
const pollMs = 2;
const patienceMs = 5_000;

const home = createHome();
const gateway = await startGateway({ home });
const path = join(home, ".openclaw", "openclaw.json");
const approved = read();
const took: number[] = [];
for (let round = 0; round < rounds; round++) {
  await wait(betweenMs);
  const begun = performance.now();
  writeFileSync(path, `{ gateway: { bind: "lan" } } // ${round}`, { mode: 0o600 });
  while (read() !== approved && performance.now() - begun < patienceMs) await wait(pollMs);
  took.push(performance.now() - begun);
}
await gateway.stop();
removeHome(home);
took.sort((a, b) => a - b);
figure("a foreign change of the config is undone, p50", [took[Math.floor(rounds / 2)] ?? Infinity, "ms"]);
figure("a foreign change of the config is undone, the slowest", [took.at(-1) ?? Infinity, "ms"], { atMost: 1_000 });

function read(): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
