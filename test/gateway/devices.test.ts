import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventName } from "../../src/protocol/events.ts";
import { watchDevices } from "../../src/gateway/connections/devices.ts";
import { createTestClient, requestIdOf } from "../faux/pairing/client.ts";
import { createTestDevices } from "../faux/pairing/devices.ts";
import { openEdge } from "../faux/edge.ts";
import { openTestStore } from "../faux/store.ts";

test("the owner's socket lists, approves, names, rotates, revokes and removes devices", async (t) => {
  const edge = await openEdge(t);
  const client = createTestClient(edge, Date.now);
  const asked = await client.connect({ client: { displayName: "Phone" } });
  const requestId = requestIdOf(asked);
  const owner = await edge.connect(["operator.pairing"]);
  const call = (method: string, params: object) => owner.request(method, params);
  const list = async () =>
    (await call("device.pair.list", {})) as Record<"pending" | "paired", Record<string, unknown>[]>;
  const { publicKey, deviceId } = client;
  const about = {
    deviceId,
    publicKey,
    clientId: "cli",
    clientMode: "cli",
    displayName: "Phone",
    platform: "linux",
    role: "operator",
    roles: ["operator"],
    scopes: ["operator.read"],
    remoteIp: "127.0.0.1",
  };
  const { pending, paired } = await list();
  const [row] = pending;
  const { ts, expiresAtMs } = row as { ts: number; expiresAtMs: number };
  assert.equal(expiresAtMs - ts, 300_000);
  assert.deepEqual(paired, []);
  assert.deepEqual(row, { requestId, ...about, silent: false, isRepair: false, reason: "not-paired", ts, expiresAtMs });

  const approved = (await call("device.pair.approve", { requestId })) as { device: Record<string, unknown> };
  assert.equal(approved.device["approvedVia"], "owner");
  await client.connect({ client: { displayName: "Phone" } });
  assert.deepEqual(await call("device.pair.rename", { deviceId, label: " my phone " }), {
    deviceId,
    label: "my phone",
  });
  const [device] = (await list()).paired;
  assert.deepEqual(
    [device?.["label"], device?.["connected"], device?.["lastSeenReason"]],
    ["my phone", false, "token"],
  );
  const rotated = (await call("device.token.rotate", { deviceId, role: "operator" })) as Record<string, unknown>;
  assert.match(String(rotated["token"]), /^[\w-]{43}$/);
  assert.deepEqual([rotated["tokenDelivery"], rotated["scopes"]], ["in-band", ["operator.read"]]);
  const revoked = (await call("device.token.revoke", { deviceId, role: "operator" })) as Record<string, unknown>;
  assert.deepEqual(Object.keys(revoked), ["deviceId", "role", "revokedAtMs"]);
  assert.deepEqual(await call("device.pair.remove", { deviceId }), { deviceId });
  assert.deepEqual(await list(), { pending: [], paired: [] });
  await assert.rejects(call("device.pair.approve", { requestId }), /no such request waits/);
  owner.end();
});

test("who may decide about devices hears who waits, and a device that lost its place loses its connections", async () => {
  await using opened = await openTestStore();
  const clock = { now: Date.now };
  const { devices } = createTestDevices(opened.store, clock);
  const published: [EventName, unknown][] = [];
  const ended: unknown[] = [];
  const sessions = [
    { session: { method: "device-token", role: "operator", scopes: [], deviceId: "other" } },
    { session: { method: "none", role: "operator", scopes: [] } },
  ] as const;
  const stop = watchDevices(
    devices,
    {
      publish: (name, payload) => published.push([name, payload]),
      endWhere(isMeant, how) {
        const client = createTestClientOf(testClient.deviceId);
        ended.push(
          [...sessions, client].filter((each) => isMeant(each as never)),
          how,
        );
      },
    },
    () => 7,
  );
  const testClient = createTestClient({ devices }, Date.now);
  const { deviceId, publicKey } = testClient;
  const requestId = requestIdOf(await testClient.connect());
  await devices.approve(requestId, { kind: "owner" });
  await devices.revoke({ deviceId, role: "node" }, { kind: "owner" });
  await devices.remove(deviceId, { kind: "owner" });
  stop();
  const [requested, resolved] = published;
  const { ts } = (requested ?? [])[1] as { ts: number };
  assert.deepEqual(requested, [
    "device.pair.requested",
    {
      requestId,
      deviceId,
      publicKey,
      clientId: "cli",
      clientMode: "cli",
      platform: "linux",
      role: "operator",
      roles: ["operator"],
      scopes: ["operator.read"],
      remoteIp: "127.0.0.1",
      silent: false,
      isRepair: false,
      ts,
    },
  ]);
  assert.deepEqual(resolved, ["device.pair.resolved", { requestId, deviceId, decision: "approved", ts: 7 }]);
  const how = { code: 4001, reason: "access changed: sign in again" };
  assert.deepEqual(ended, [[], how, [createTestClientOf(deviceId)], how]);
});

function createTestClientOf(deviceId: string) {
  return { session: { method: "device-token", role: "operator", scopes: [], deviceId } };
}
