import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeviceRequestRow, DeviceTokenRow } from "../../src/store/store.ts";
import { createTestClock } from "../faux/clock.ts";
import { openTestStore } from "../faux/store.ts";

const bounds = { totalMax: 3, addressMax: 2 };
const byOwner = { via: "owner", by: "owner", devicesMax: 2 } as const;

function requestOf(change: Partial<DeviceRequestRow> = {}): DeviceRequestRow {
  return {
    id: "request-1",
    deviceId: "phone",
    publicKey: "key of phone",
    displayName: "Phone",
    clientId: "openclaw-ios",
    clientMode: "ui",
    platform: "ios",
    deviceFamily: "iphone",
    role: "operator",
    scopes: ["operator.read"],
    reason: "not-paired",
    address: "10.0.0.1",
    origin: undefined,
    createdAt: 1_000_000,
    expiresAt: 1_300_000,
    ...change,
  };
}

const tokenOf = (change: Partial<DeviceTokenRow> = {}): DeviceTokenRow => ({
  hash: "h1",
  deviceId: "phone",
  role: "operator",
  scopes: ["operator.read"],
  createdAt: 1_000_000,
  expiresAt: 2_000_000,
  lastUsedAt: undefined,
  ...change,
});

test("a device that asks again for the same keeps its request; another wish takes its place under another id", async () => {
  await using opened = await openTestStore();
  const { devices } = opened.store;
  const first = requestOf();
  assert.deepEqual(await devices.ask(first, bounds), { kind: "new", request: first, replaced: undefined });
  const again = requestOf({ id: "request-2", createdAt: 1_000_100, expiresAt: 1_300_100 });
  assert.deepEqual(await devices.ask(again, bounds), { kind: "known", request: first, replaced: undefined });
  const more = requestOf({ id: "request-3", scopes: ["operator.admin"] });
  assert.deepEqual(await devices.ask(more, bounds), { kind: "new", request: more, replaced: first });
  assert.equal(await devices.approve("request-1", byOwner), undefined);
  assert.deepEqual(await devices.requests(), [more]);
});

test("the list of those who wait is bounded in all and for each address, and empties itself", async () => {
  const clock = createTestClock();
  await using opened = await openTestStore(clock);
  const { devices } = opened.store;
  const ask = async (deviceId: string, address: string): Promise<string> =>
    (await devices.ask(requestOf({ id: deviceId, deviceId, address }), bounds)).kind;
  assert.deepEqual(
    [await ask("a", "1"), await ask("b", "1"), await ask("c", "1"), await ask("d", "2"), await ask("e", "3")],
    ["new", "new", "full", "new", "full"],
  );
  clock.advance(300_000);
  assert.deepEqual([await devices.requests(), await devices.findRequest("a")], [[], undefined]);
  assert.equal(await devices.approve("a", byOwner), undefined);
  const late = requestOf({ id: "f", deviceId: "f", address: "1", expiresAt: 1_700_000 });
  assert.equal((await devices.ask(late, bounds)).kind, "new");
});

test("a yes is one write: the request is gone, the device has what it asked for, and a kill changes nothing of it", async () => {
  await using opened = await openTestStore();
  await opened.store.devices.ask(requestOf(), bounds);
  const approved = await opened.store.devices.approve("request-1", byOwner);
  const { devices } = await opened.reopen();
  assert.deepEqual(await devices.list(), [
    {
      deviceId: "phone",
      publicKey: "key of phone",
      displayName: "Phone",
      clientId: "openclaw-ios",
      clientMode: "ui",
      platform: "ios",
      deviceFamily: "iphone",
      label: undefined,
      roles: { operator: ["operator.read"] },
      approvedVia: "owner",
      approvedBy: "owner",
      createdAt: 1_000_000,
      approvedAt: 1_000_000,
      lastSeenAt: undefined,
      lastSeenReason: undefined,
      lastAddress: undefined,
    },
  ]);
  assert.deepEqual([approved, await devices.requests()], [await devices.find("phone"), []]);
  assert.equal(await devices.approve("request-1", byOwner), undefined);
});

test("a wider yes adds to what a device has, its tokens keep up, and its name stays", async () => {
  await using opened = await openTestStore();
  const { devices } = opened.store;
  await devices.ask(requestOf(), bounds);
  await devices.approve("request-1", byOwner);
  await devices.rename("phone", "my phone");
  await devices.addToken(tokenOf(), 4);
  await devices.ask(requestOf({ id: "request-2", scopes: ["operator.write"], platform: "ios 19" }), bounds);
  await devices.approve("request-2", { ...byOwner, via: "device", by: "laptop" });
  const device = await devices.find("phone");
  assert.deepEqual(
    [device?.roles, device?.label, device?.platform, device?.approvedVia, device?.approvedBy],
    [{ operator: ["operator.read", "operator.write"] }, "my phone", "ios 19", "device", "laptop"],
  );
  assert.deepEqual((await devices.findToken("h1"))?.scopes, ["operator.read", "operator.write"]);
});

test("there is an end to how many devices are let in, but not to what one that is in may ask for", async () => {
  await using opened = await openTestStore();
  const { devices } = opened.store;
  const grant = { ...byOwner, role: "operator", scopes: ["operator.read"] } as const;
  for (const deviceId of ["a", "b"]) assert.notEqual(await devices.admit(requestOf({ deviceId }), grant), "full");
  assert.equal(await devices.admit(requestOf({ deviceId: "c" }), grant), "full");
  await devices.ask(requestOf({ deviceId: "c" }), bounds);
  assert.deepEqual([await devices.approve("request-1", byOwner), (await devices.requests()).length], ["full", 1]);
  assert.notEqual(await devices.admit(requestOf({ deviceId: "a" }), { ...grant, role: "node" }), "full");
});

test("tokens are bounded, expire, belong to a role that the device has, and go with it", async () => {
  const clock = createTestClock();
  await using opened = await openTestStore(clock);
  const { devices } = opened.store;
  assert.equal(await devices.addToken(tokenOf(), 2), false);
  await devices.ask(requestOf(), bounds);
  await devices.approve("request-1", byOwner);
  assert.equal(await devices.addToken(tokenOf({ hash: "node", role: "node" }), 2), false);
  for (const hash of ["h1", "h2", "h3"]) assert.equal(await devices.addToken(tokenOf({ hash }), 2), true);
  const hashes = async (): Promise<readonly string[]> => (await devices.tokens("phone")).map(({ hash }) => hash);
  assert.deepEqual([await hashes(), await devices.findToken("h1")], [["h3", "h2"], undefined]);
  await devices.dropTokens("phone", "node");
  assert.equal((await hashes()).length, 2);
  await devices.dropTokens("phone", "operator");
  assert.deepEqual(await hashes(), []);
  await devices.addToken(tokenOf({ hash: "h4" }), 2);
  clock.advance(1_000_000);
  assert.deepEqual([await hashes(), await devices.findToken("h4")], [[], undefined]);
  await devices.addToken(tokenOf({ hash: "h5", expiresAt: 3_000_000 }), 2);
  await devices.remove("phone");
  assert.deepEqual([await devices.findToken("h5"), await devices.list()], [undefined, []]);
});

test("a visit is noted only where the device and the token that it used are still there", async () => {
  const clock = createTestClock();
  await using opened = await openTestStore(clock);
  const { devices } = opened.store;
  const visit = { reason: "device-token", address: "10.0.0.7", tokenHash: "h1" };
  assert.equal(await devices.seen("phone", { ...visit, tokenHash: undefined }), false);
  await devices.ask(requestOf(), bounds);
  await devices.approve("request-1", byOwner);
  assert.equal(await devices.seen("phone", visit), false);
  await devices.addToken(tokenOf(), 4);
  clock.advance(5_000);
  assert.equal(await devices.seen("phone", visit), true);
  assert.equal(await devices.seen("laptop", visit), false);
  assert.equal(await devices.seen("phone", { ...visit, address: undefined }), true);
  const device = await devices.find("phone");
  assert.deepEqual(
    [device?.lastSeenAt, device?.lastSeenReason, device?.lastAddress, (await devices.findToken("h1"))?.lastUsedAt],
    [1_005_000, "device-token", "10.0.0.7", 1_005_000],
  );
});

test("who sends a device away takes back what it was let do as a node", async () => {
  await using opened = await openTestStore(createTestClock());
  const { devices, nodes } = opened.store;
  const about = {
    displayName: "Attic",
    platform: "linux",
    deviceFamily: undefined,
    version: "1",
    clientId: "node-host",
    clientMode: "node",
  };
  const surface = { commands: ["system.run"], caps: ["system"] };
  for (const nodeId of ["phone", "other"]) {
    await nodes.ask({ id: `first-${nodeId}`, nodeId, about, surface, createdAt: 1 }, 8);
    await nodes.approve(`first-${nodeId}`, "owner");
    const wider = { commands: ["system.run", "system.which"], caps: ["system"] };
    await nodes.ask({ id: `second-${nodeId}`, nodeId, about, surface: wider, createdAt: 2 }, 8);
  }
  await devices.ask(requestOf(), bounds);
  await devices.approve("request-1", byOwner);
  await devices.remove("phone");
  assert.deepEqual(
    [(await nodes.list()).map(({ nodeId }) => nodeId), (await nodes.requests()).map(({ id }) => id)],
    [["other"], ["second-other"]],
  );
});
