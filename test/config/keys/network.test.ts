// How others may find the gateway.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../../../src/base/json.ts";
import { problemsOf } from "../harness.ts";

test("NET-008 Tailscale publishes the loopback only, and to the internet only behind a password at three ports", async () => {
  const problems = (gateway: Record<string, Json>) => problemsOf({ gateway });
  const funnel = (httpsPort: number) => ({ auth: { mode: "password" }, tailscale: { mode: "funnel", httpsPort } });
  for (const port of [443, 8_443, 10_000]) assert.deepEqual(await problems(funnel(port)), []);
  assert.match((await problems(funnel(444))).join(), /httpsPort: must be 443, 8443 or 10000/);
  assert.deepEqual(await problems({ tailscale: { mode: "serve", httpsPort: 444 } }), []);
  assert.match((await problems({ tailscale: { mode: "funnel" } })).join(), /needs gateway.auth.mode "password"/);
  for (const bind of ["lan", "tailnet"])
    assert.match((await problems({ bind, tailscale: { mode: "serve" } })).join(), /needs gateway.bind "loopback"/);
});
