// The fourth promise of the wire: a gateway that others could reach without saying who they are does not start, and one
// that may be reached says by whom.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { networkInterfaces } from "node:os";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";

suite("gateway run --bind lan", { concurrency: false }, () => {
  let lorica: Installation;
  before(async () => {
    lorica = await createInstallation();
  });
  after(() => lorica?.remove());

  const run = (...words: readonly string[]) => lorica.run(["gateway", "run", "--port", String(lorica.port), ...words]);

  test("NET-002 GW-027 without authentication it refuses, and nothing listens", async () => {
    lorica.writeConfig({
      gateway: { auth: { mode: "none" } },
      security: { acknowledged: ["gateway.auth.mode=none"] },
    });
    const refused = await run("--bind", "lan");
    assert.equal(refused.code, 78, refused.stdout + refused.stderr);
    assert.match(refused.stderr, /gateway\.auth\.mode/);
    await assert.rejects(fetch(`http://127.0.0.1:${lorica.port}/health`));
  });

  test("NET-039 with authentication it starts and says what is reachable", async () => {
    lorica.writeConfig({ gateway: { bind: "lan" } });
    await lorica.start();
    const health = await fetch(`http://127.0.0.1:${lorica.port}/health`);
    assert.equal(health.status, 200);
    const shown = await lorica.run(["gateway", "exposure"]);
    assert.equal(shown.code, 0, shown.stderr);
    const others = Object.values(networkInterfaces()).flatMap((found = []) =>
      found.filter(({ internal }) => !internal),
    );
    if (others.length === 0) assert.match(shown.stdout, /only this machine can reach the gateway/);
    else {
      assert.match(shown.stdout, /other machines can reach the gateway .*; it asks them for a token/, shown.stderr);
      for (const { address, family } of others)
        if (family === "IPv4") assert.ok(shown.stdout.includes(`http://${address}:${lorica.port}`), shown.stdout);
      assert.match(shown.stdout, /without TLS it refuses browsers of other machines/);
    }
    const status = await lorica.run(["status"]);
    assert.match(status.stdout, /danger +`gateway\.bind` is `lan` without TLS/);
  });
});
