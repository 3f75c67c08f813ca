import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../../../src/base/ids.ts";
import { limits } from "../../../src/base/limits.ts";
import { createAddressRanges } from "../../../src/network/network.ts";
import { createDeviceIdentity } from "../../../src/protocol/device/identity.ts";
import { openEdge, token } from "../../faux/edge.ts";
import { accessOf } from "../../faux/gateway/access.ts";
import { connectWs, openWs } from "../../faux/ws/client.ts";
import type { AnyFrame } from "../../faux/ws/client.ts";
import { connectDevice, pairDevice } from "../../faux/ws/device.ts";

async function openGateway(t: Parameters<typeof openEdge>[0]) {
  const edge = await openEdge(t);
  return { ...edge, url: `ws://127.0.0.1:${edge.port}` };
}

const detailOf = ({ error }: AnyFrame) => error?.details?.["code"];

test("ADV-020 a page of another site gets no connection, and the Control UI must say its origin", async (t) => {
  const gateway = await openGateway(t);
  const from = (origin: string) =>
    connectDevice(gateway.url, createDeviceIdentity(), { auth: { token: "a guess" }, socket: { headers: { origin } } });
  for (const origin of ["https://evil.example", "null", `http://127.0.0.1:${gateway.port + 1}`]) {
    const refused = await from(origin);
    assert.deepEqual([detailOf(refused.hello), (await refused.closed).code], ["CONTROL_UI_ORIGIN_NOT_ALLOWED", 1008]);
  }
  // What a lured page guesses locks nobody out, because it is not even looked at.
  assert.equal(detailOf((await from(`http://127.0.0.1:${gateway.port}`)).hello), "AUTH_TOKEN_MISMATCH");
  const rebound = (await openWs(gateway.url, { headers: { host: "evil.example" } }).catch(
    (error: unknown) => error,
  )) as {
    status: number;
  };
  assert.equal(rebound.status, 421);
  const page = await connectDevice(gateway.url, createDeviceIdentity(), {
    auth: { token },
    client: { id: "openclaw-control-ui", mode: "webchat" },
  });
  assert.deepEqual(detailOf(page.hello), "CONTROL_UI_ORIGIN_NOT_ALLOWED");
});

test("ADV-020 a lured page that opens all the connections it may leaves the owner's own clients theirs", async (t) => {
  const gateway = await openGateway(t);
  const socket = { headers: { origin: "https://evil.example" } };
  const held = await Promise.all(
    Array.from({ length: limits.wsUnprovedPerAddressMax }, () => openWs(gateway.url, socket)),
  );
  const more = (await openWs(gateway.url, socket).catch((error: unknown) => error)) as { status: number };
  assert.equal(more.status, 429);
  (await pairDevice(gateway)).end();
  for (const client of held) client.end();
});

test("ROT-005 whoever is being let in by a token while it is replaced does not stay", async (t) => {
  const gateway = await openGateway(t);
  const { authenticate } = gateway.devices;
  Object.assign(gateway.devices, {
    async authenticate(...asked: Parameters<typeof authenticate>) {
      const session = await authenticate(...asked);
      gateway.configure({ access: accessOf({ tokenHashes: [sha256("another token of thirty-two letters")] }) });
      return session;
    },
  });
  const late = await connectWs(gateway.url, { params: { auth: { token } } });
  assert.equal(detailOf(late.hello), "AUTH_UNAUTHORIZED");
  assert.equal((await late.closed).code, 1008);
});

test("ADV-026 a guess at the gateway's secret that is shown as a device's token too counts as a guess at it", async (t) => {
  const gateway = await openGateway(t);
  const access = accessOf({
    tokenHashes: [sha256(token)],
    proxies: createAddressRanges(["127.0.0.1"]),
    rateLimit: { maxAttempts: 3, windowMs: 60_000, lockoutMs: 60_000 },
  });
  gateway.configure({ access });
  const socket = { headers: { "x-forwarded-for": "203.0.113.7" } };
  const guess = async (word: string) => {
    const auth = { token: word, deviceToken: word };
    const { hello } = await connectDevice(gateway.url, createDeviceIdentity(), { auth, socket });
    return detailOf(hello);
  };
  for (let count = 0; count < 4; count++) assert.equal(await guess(`guess ${count}`), "AUTH_DEVICE_TOKEN_MISMATCH");
  assert.equal(await guess(token), "AUTH_RATE_LIMITED", "the right word is not heard any more either");
});
