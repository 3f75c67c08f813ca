import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isRefusal, parseConnect } from "../../src/protocol/handshake.ts";
import { createDeviceIdentity } from "../../src/protocol/device/identity.ts";
import { connectOf, here, nonce, proved, tokenOf } from "../faux/pairing/client.ts";
import { openTestDevices } from "../faux/pairing/devices.ts";

test("ADV-026 whatever is changed in a signed connect, nobody comes in by it, and nothing is asked of the owner", async () => {
  await using door = await openTestDevices();
  const client = door.newClient();
  const token = tokenOf(await client.pair({ scopes: ["operator.admin"] }));
  const good = connectOf(client.identity, door.clock.now(), { auth: { deviceToken: token } });
  const stranger = connectOf(createDeviceIdentity(), door.clock.now()).device;
  const text = fc.oneof(
    fc.string({ maxLength: 100 }),
    fc.constantFrom("operator.admin", "node", "", "|", nonce, token),
  );
  const device = fc.record(
    {
      id: fc.oneof(text, fc.constant(stranger?.id)),
      publicKey: fc.oneof(text, fc.constant(stranger?.publicKey)),
      signature: fc.oneof(text, fc.constant(stranger?.signature)),
      signedAt: fc.integer(),
      nonce: text,
    },
    { requiredKeys: [] },
  );
  const change = fc.record(
    {
      role: fc.constantFrom("node", "worker", "operator "),
      scopes: fc.array(text, { minLength: 1, maxLength: 3 }),
      auth: fc.record({ token: text, deviceToken: text, bootstrapToken: text }),
      client: fc.record({ id: fc.constantFrom("cli", "test"), mode: fc.constant("ui"), version: text, platform: text }),
      device,
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(change, async (changed) => {
      fc.pre(Object.keys(changed).length > 0);
      const sent = { ...good, ...changed, device: { ...good.device, ...changed.device } };
      fc.pre(JSON.stringify(sent) !== JSON.stringify(good));
      const connect = parseConnect(sent);
      if (isRefusal(connect)) return;
      const answer = await door.devices.authenticate(connect, { nonce, shared: proved, peer: here });
      // What is not signed may differ: the version, for one.
      const isSame = JSON.stringify(signedPart(connect)) === JSON.stringify(signedPart(good));
      assert.equal("closeCode" in answer, !isSame, JSON.stringify(changed));
    }),
    { numRuns: 300 },
  );
  assert.deepEqual((await door.devices.list()).pending, []);
});

function signedPart({ client, role, scopes, auth, device }: ReturnType<typeof connectOf>): unknown {
  const signedToken = auth?.token ?? auth?.deviceToken ?? auth?.bootstrapToken;
  const platform = client.platform.trim().toLowerCase();
  return [client.id, client.mode, platform, client.deviceFamily, role, scopes, signedToken, device];
}
