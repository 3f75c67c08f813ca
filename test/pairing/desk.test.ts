import assert from "node:assert/strict";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import type { Decider } from "../../src/pairing/pairing.ts";
import type { Scope } from "../../src/protocol/scopes.ts";
import { absent, codeOf, proved, requestIdOf, sessionOf, tokenOf } from "../faux/pairing/client.ts";
import { openTestDevices } from "../faux/pairing/devices.ts";

const owner: Decider = { kind: "owner" };
const deviceWith = (deviceId: string, ...scopes: readonly Scope[]): Decider => ({ kind: "device", deviceId, scopes });

const refuses = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof LoricaError, String(error));
  assert.deepEqual([error.code, message.test(error.message) || error.message], [code, true]);
  return true;
};

test("ADV-026 nobody approves more than they hold, and no device approves itself", async () => {
  await using desk = await openTestDevices();
  const { devices } = desk;
  const [helper, client] = [desk.newClient(), desk.newClient()];
  await helper.pair({ scopes: ["operator.pairing", "operator.read"] });
  const requestId = requestIdOf(await client.connect({ scopes: ["operator.admin"] }));
  const modest = deviceWith(helper.deviceId, "operator.pairing", "operator.read");
  await assert.rejects(devices.approve(requestId, modest), refuses("forbidden", /missing scope: operator\.admin/));
  const wider = requestIdOf(await helper.connect({ scopes: ["operator.admin"] }));
  for (const scopes of [["operator.pairing"], ["operator.admin"]] as const)
    await assert.rejects(
      devices.approve(wider, deviceWith(helper.deviceId, ...scopes)),
      refuses("forbidden", /does not approve itself/),
    );
  const admin = await devices.approve(requestId, deviceWith("an admin's phone", "operator.admin"));
  assert.deepEqual([admin.approvedVia, admin.approvedBy], ["device", "device:an admin's phone"]);
});

test("ADV-026 who holds little does not touch a device that holds much", async () => {
  await using desk = await openTestDevices();
  const { devices } = desk;
  const [boss, helper] = [desk.newClient(), desk.newClient()];
  await boss.pair({ scopes: ["operator.admin"] });
  await helper.pair({ scopes: ["operator.pairing"] });
  const by = deviceWith(helper.deviceId, "operator.pairing");
  const about = { deviceId: boss.deviceId, role: "operator" } as const;
  const attempts = [
    () => devices.remove(boss.deviceId, by),
    () => devices.rename(boss.deviceId, "mine", by),
    () => devices.revoke(about, by),
    () => devices.rotate(about, by),
  ];
  for (const attempt of attempts)
    await assert.rejects(attempt(), refuses("forbidden", /missing scope: operator\.admin/));
  const moved = requestIdOf(await boss.connect({ scopes: [], client: { platform: "other" } }));
  await assert.rejects(devices.approve(moved, by), refuses("forbidden", /missing scope: operator\.admin/));
  assert.equal(codeOf(await boss.connect({ scopes: ["operator.admin"] })), "in");
});

test("ADV-026 a rotation never widens: not past what was approved, not past what the asking connection holds", async () => {
  await using desk = await openTestDevices();
  const { devices } = desk;
  const client = desk.newClient();
  await client.pair({ scopes: ["operator.write", "operator.pairing"] });
  const about = { deviceId: client.deviceId, role: "operator" } as const;
  const self = deviceWith(client.deviceId, "operator.pairing");
  await assert.rejects(
    devices.rotate({ ...about, scopes: ["operator.admin"] }, owner),
    refuses("forbidden", /not approved for/),
  );
  await assert.rejects(
    devices.rotate({ ...about, scopes: ["made up"] }, owner),
    refuses("forbidden", /not approved for/),
  );
  await assert.rejects(
    devices.rotate({ ...about, scopes: ["operator.write"] }, self),
    refuses("forbidden", /missing scope/),
  );
  await assert.rejects(devices.rotate({ ...about, role: "node" }, owner), refuses("not_found", /not approved as node/));
  const { token, scopes } = await devices.rotate(about, self);
  assert.deepEqual(scopes, ["operator.pairing"]);
  const auth = { deviceToken: token ?? "" };
  assert.equal(codeOf(await client.connect({ auth, scopes: ["operator.write"] }, absent)), "PAIRING_REQUIRED");
  assert.equal(codeOf(await client.connect({ auth, scopes: ["operator.pairing"] }, absent)), "in");
});

test("a new token is told to the device itself and to the owner, and over no other device's connection", async () => {
  await using desk = await openTestDevices();
  const { devices } = desk;
  const client = desk.newClient();
  const old = tokenOf(await client.pair());
  const about = { deviceId: client.deviceId, role: "operator" } as const;
  const { rotatedAtMs } = await devices.rotate(about, deviceWith("another", "operator.admin"));
  const withheld = await devices.rotate(about, deviceWith("another", "operator.admin"));
  assert.deepEqual(withheld, { scopes: ["operator.read"], rotatedAtMs, token: undefined });
  assert.deepEqual(await desk.store.tokens(client.deviceId), []);
  assert.equal(codeOf(await client.connect({ auth: { deviceToken: old } }, absent)), "AUTH_DEVICE_TOKEN_MISMATCH");
  const { token } = await devices.rotate(about, owner);
  assert.equal(codeOf(await client.connect({ auth: { deviceToken: token ?? "" } }, absent)), "in");
});

test("ROT-007 what is revoked or removed ends at once: tokens, bearer access and connections", async () => {
  await using desk = await openTestDevices();
  const { devices, changes } = desk;
  const client = desk.newClient();
  const { deviceId } = client;
  const first = tokenOf(await client.pair());
  changes.length = 0;
  await devices.revoke({ deviceId, role: "operator" }, owner);
  assert.deepEqual(changes, [{ kind: "invalidated", deviceId, role: "operator" }]);
  assert.equal(await devices.bearer(first), undefined);
  const second = tokenOf(sessionOf(await client.connect({}, proved)));
  changes.length = 0;
  await devices.remove(deviceId, owner);
  assert.deepEqual(changes, [{ kind: "invalidated", deviceId, role: undefined }]);
  assert.equal(codeOf(await client.connect({ auth: { deviceToken: second } }, absent)), "AUTH_DEVICE_TOKEN_MISMATCH");
  assert.equal(codeOf(await client.connect({}, proved)), "PAIRING_REQUIRED");
  await assert.rejects(devices.remove(deviceId, owner), refuses("not_found", /no such device/));
});

test("a device that is being let in while it is removed does not slip through", async () => {
  await using desk = await openTestDevices();
  const { devices, changes } = desk;
  for (let round = 0; round < 8; round += 1) {
    const client = desk.newClient();
    const auth = { deviceToken: tokenOf(await client.pair()) };
    const open = new Set<string>();
    const stop = devices.watch((change) => {
      if (change.kind === "invalidated") open.delete(change.deviceId);
    });
    const coming = client.connect({ auth }, absent).then((answer) => {
      if (!("closeCode" in answer)) open.add(client.deviceId);
    });
    for (let step = 0; step < round; step += 1) await Promise.resolve();
    await Promise.all([coming, devices.remove(client.deviceId, owner)]);
    stop();
    assert.deepEqual([...open], [], `after ${round} steps`);
  }
  assert.equal(changes.filter(({ kind }) => kind === "invalidated").length, 8);
});

test("a device that ends its own access still gets the answer first", async () => {
  await using desk = await openTestDevices();
  const client = desk.newClient();
  await client.pair({ scopes: ["operator.pairing"] });
  desk.changes.length = 0;
  await desk.devices.remove(client.deviceId, deviceWith(client.deviceId, "operator.pairing"));
  assert.deepEqual(desk.changes, []);
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  assert.deepEqual(desk.changes, [{ kind: "invalidated", deviceId: client.deviceId, role: undefined }]);
});

test("PAIR-020 the list says who waits, who is in, since when, by whom and when last seen, and each decision is recorded", async () => {
  await using desk = await openTestDevices();
  const { clock, devices, records } = desk;
  const [client, stranger] = [desk.newClient(), desk.newClient()];
  const wish = { scopes: ["operator.read"], client: { displayName: "Laptop" } };
  const approved = requestIdOf(await client.connect(wish));
  await devices.approve(approved, owner);
  clock.advance(1_000);
  await client.connect(wish);
  await devices.rename(client.deviceId, "my laptop", owner);
  const waiting = requestIdOf(await stranger.connect(wish));
  const { paired, pending } = await devices.list();
  const start = clock.now() - 1_000;
  const about = { clientId: "cli", clientMode: "cli", deviceFamily: "", displayName: "Laptop", platform: "linux" };
  assert.deepEqual(paired, [
    {
      ...about,
      deviceId: client.deviceId,
      publicKey: client.publicKey,
      label: "my laptop",
      roles: { operator: ["operator.read"] },
      approvedVia: "owner",
      approvedBy: "owner",
      createdAt: start,
      approvedAt: start,
      lastSeenAt: clock.now(),
      lastSeenReason: "token",
      lastAddress: "127.0.0.1",
      tokens: await desk.store.tokens(client.deviceId),
    },
  ]);
  assert.deepEqual(
    pending.map(({ id, deviceId, reason }) => [id, deviceId, reason]),
    [[waiting, stranger.deviceId, "not-paired"]],
  );
  await devices.reject(waiting, deviceWith("a phone", "operator.pairing"));
  await devices.remove(client.deviceId, owner);
  assert.deepEqual(
    records.map(({ verdict, actor, resource }) => [verdict, actor, resource]),
    [
      ["deny", `device:${client.deviceId}`, `request ${approved}: operator operator.read`],
      ["allow", "owner", `request ${approved}: device ${client.deviceId} operator operator.read`],
      ["allow", "owner", `device ${client.deviceId}: named my laptop`],
      ["deny", `device:${stranger.deviceId}`, `request ${waiting}: operator operator.read`],
      ["deny", "device:a phone", `request ${waiting}: device ${stranger.deviceId}`],
      ["deny", "owner", `device ${client.deviceId}: removed`],
    ],
  );
});

test("a token that is shown by another device is refused and recorded", async () => {
  await using desk = await openTestDevices();
  const [client, thief] = [desk.newClient(), desk.newClient()];
  const token = tokenOf(await client.pair());
  desk.records.length = 0;
  await thief.connect({ auth: { deviceToken: token } }, absent);
  assert.deepEqual(desk.records, [
    {
      kind: "decision",
      verdict: "deny",
      rule: "devices",
      actor: `device:${thief.deviceId}`,
      resource: `token of ${client.deviceId} (operator)`,
      reason: "a device's token is good for that device and role only",
    },
  ]);
});
