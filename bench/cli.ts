// What the command costs: CPU of `--version`, wall time of `status` against a running gateway.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { cli, figure, percentile, removeHome, root, startGateway } from "./harness.ts";

const runs = 15;

const gateway = await startGateway();
const bare = Array.from({ length: runs }, () => cpuMs([process.execPath, "-e", "0"]));
const version = Array.from({ length: runs }, () => cpuMs([join(root, "lorica"), "--version"]));
figure("an empty Node process, CPU p50", [percentile(bare, 0.5), "ms"]);
figure("lorica --version, CPU p50", [percentile(version, 0.5), "ms"], { atMost: 80 });
const status: number[] = [];
for (let run = 0; run < runs; run++) {
  const begun = performance.now();
  await cli(gateway, ["status"]);
  status.push(performance.now() - begun);
}
figure("lorica status, wall p50", [percentile(status, 0.5), "ms"], { atMost: 250 });
await gateway.stop();
removeHome(gateway.home);

/** User and system time of a command with everything it starts, as the shell's `times` counts its children. */
function cpuMs(command: readonly string[]): number {
  const script = `${command.map((word) => `'${word}'`).join(" ")} >/dev/null; times`;
  const printed = execFileSync("/bin/sh", ["-c", script], { encoding: "utf8", env: gateway.env });
  const children = printed.trim().split("\n").at(-1) ?? "";
  const times = [...children.matchAll(/(\d+)m([\d.]+)s/g)];
  return times.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1_000, 0);
}
