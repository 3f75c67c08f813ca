// From process start to /health, and to the first finished turn that called a tool. Cold: an empty home and no compile
// cache. Warm: the same home again.
import { cli, createHome, figure, removeHome, startGateway } from "./harness.ts";

const limits = { cold: 2_500, warm: 1_200, health: 1_000 };

const home = createHome();
for (const start of ["cold", "warm"] as const) {
  const begun = performance.now();
  const gateway = await startGateway({ home });
  const reply = await cli(gateway, ["agent", "--message", "list the files here and count them"]);
  const firstTurnMs = performance.now() - begun;
  await gateway.stop();
  if (!/\d/.test(reply)) throw new Error(`the turn answered without a count: ${reply}`);
  figure(`${start} start to /health`, [gateway.readyMs, "ms"], { atMost: limits.health });
  figure(`${start} start to the first finished tool turn`, [firstTurnMs, "ms"], { atMost: limits[start] });
}
removeHome(home);
