// What the config says about who may come, as the door is told it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { doorSettings } from "../../../src/assembly/settings/access.ts";
import { loadGood } from "../../config/harness.ts";

const proof = { tokenHashes: [], passwordHash: undefined };

test("NET-032 NET-014 the addresses and proxies that the config names are those that the door knows", async () => {
  const gateway = { allowedAddresses: ["203.0.113.0/24", "2001:db8::1"], trustedProxies: ["10.0.0.1", "cloudflare"] };
  const { config } = await loadGood({ gateway });
  const { allowedAddresses, proxies } = doorSettings(config, proof);
  const known = (address: string) => [allowedAddresses?.has(address), proxies.has(address)];
  assert.deepEqual(
    ["203.0.113.9", "::ffff:203.0.113.9", "2001:db8::1", "198.51.100.1", "10.0.0.1", "173.245.48.9"].map(known),
    [
      [true, false],
      [true, false],
      [true, false],
      [false, false],
      [false, true],
      [false, true],
    ],
  );
  const { config: silent } = await loadGood({});
  assert.deepEqual(
    [doorSettings(silent, proof).allowedAddresses, doorSettings(silent, proof).proxies.size],
    [undefined, 0],
  );
});
