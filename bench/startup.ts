// From process start to /health, and to the first finished turn that called a tool. Cold: an empty home and nothing compiled,
// as `gateway run` by hand finds a fresh checkout. Prepared: an empty home and the code compiled ahead, as `lorica up`, the
// service and root's copy have it. Warm: the same home again.
import { cli, compileAhead, createHome, figure, removeHome, startGateway } from "./harness.ts";

const limits = { cold: 2_500, prepared: 1_500, warm: 1_200, health: 1_000 };

const homes = { cold: createHome(), prepared: createHome() };
compileAhead(homes.prepared);
for (const start of ["cold", "prepared", "warm"] as const) {
  const begun = performance.now();
  const gateway = await startGateway({ home: start === "prepared" ? homes.prepared : homes.cold });
  const reply = await cli(gateway, ["agent", "--message", "list the files here and count them"]);
  const firstTurnMs = performance.now() - begun;
  await gateway.stop();
  if (!/\d/.test(reply)) throw new Error(`the turn answered without a count: ${reply}`);
  figure(`${start} start to /health`, [gateway.readyMs, "ms"], { atMost: limits.health });
  figure(`${start} start to the first finished tool turn`, [firstTurnMs, "ms"], { atMost: limits[start] });
}
for (const home of Object.values(homes)) removeHome(home);
