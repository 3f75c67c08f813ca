import assert from "node:assert/strict";
import { sign } from "node:crypto";
import { test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { isRefusal, parseConnect } from "../../src/protocol/handshake.ts";
import { createDeviceIdentity, encodeClaim } from "../../src/protocol/device/identity.ts";
import type { Peer } from "../../src/pairing/pairing.ts";
import {
  absent,
  codeOf,
  connectOf,
  here,
  nonce,
  proved,
  refused,
  requestIdOf,
  sessionOf,
  tokenOf,
} from "../faux/pairing/client.ts";
import type { ConnectChange } from "../faux/pairing/client.ts";
import { openTestDevices } from "../faux/pairing/devices.ts";

test("PAIR-002 a new device waits for the owner, and is let in with exactly what was approved", async () => {
  await using door = await openTestDevices();
  const client = door.newClient();
  const wish = { scopes: ["operator.write", "operator.read"], client: { displayName: "Laptop" } };
  const asked = await client.connect(wish);
  const requestId = requestIdOf(asked);
  assert.deepEqual(asked, {
    error: {
      code: "NOT_PAIRED",
      message: `pairing required: this device is not approved yet (requestId: ${requestId})`,
      details: {
        code: "PAIRING_REQUIRED",
        reason: "not-paired",
        requestId,
        remediationHint: `Approve it on the gateway's machine: lorica devices approve ${requestId}`,
        deviceId: client.deviceId,
        requestedRole: "operator",
        requestedScopes: ["operator.read", "operator.write"],
        recommendedNextStep: "wait_then_retry",
        retryable: true,
        pauseReconnect: false,
      },
    },
    closeCode: 1008,
    closeReason: `pairing required: this device is not approved yet (requestId: ${requestId})`,
  });
  assert.equal(requestIdOf(await client.connect(wish)), requestId);
  await door.devices.approve(requestId, { kind: "owner" });
  const session = sessionOf(await client.connect(wish));
  assert.match(tokenOf(session), /^[\w-]{43}$/);
  assert.deepEqual(session, {
    method: "token",
    role: "operator",
    scopes: ["operator.read", "operator.write"],
    deviceId: client.deviceId,
    deviceToken: { token: tokenOf(session), issuedAtMs: door.clock.now() },
  });
});

test("PAIR-022 being on this machine with the shared token pairs nothing by itself", async () => {
  await using door = await openTestDevices();
  const codes: unknown[] = [];
  for (const scopes of [["operator.read"], ["operator.admin"], []])
    codes.push(codeOf(await door.newClient().connect({ scopes }, proved, here)));
  assert.deepEqual(codes, ["PAIRING_REQUIRED", "PAIRING_REQUIRED", "PAIRING_REQUIRED"]);
  assert.deepEqual((await door.devices.list()).paired, []);
});

test("UI-004 the page and nodes never come in without a device; others do, and may do nothing", async () => {
  await using door = await openTestDevices();
  const { device: _, ...bare } = connectOf(createDeviceIdentity(), door.clock.now(), { scopes: ["operator.admin"] });
  const come = (change: Partial<typeof bare>, shared = proved) =>
    door.devices.authenticate({ ...bare, ...change }, { nonce, shared, peer: here });
  const asPage = { client: { ...bare.client, id: "openclaw-control-ui", mode: "webchat" } } as const;
  const asProbe = { client: { ...bare.client, id: "openclaw-probe", mode: "probe" } } as const;
  const answers = [come(asPage), come({ role: "node" }), come({}, absent), come({}, refused), come({ role: "worker" })];
  assert.deepEqual((await Promise.all(answers)).map(codeOf), [
    "CONTROL_UI_DEVICE_IDENTITY_REQUIRED",
    "DEVICE_IDENTITY_REQUIRED",
    "DEVICE_IDENTITY_REQUIRED",
    "AUTH_TOKEN_MISMATCH",
    "AUTH_UNAUTHORIZED",
  ]);
  for (const change of [{}, asProbe])
    assert.deepEqual(await come(change), { method: "token", role: "operator", scopes: [] });
  assert.deepEqual(await door.devices.list(), { pending: [], paired: [] });
});

test("GW-023 what a client says of itself is checked, shown to the owner, and pinned when it is approved", async () => {
  await using door = await openTestDevices();
  const client = door.newClient();
  const said = {
    id: "openclaw-ios",
    displayName: "Phone",
    version: "2026.9.6",
    platform: "iOS 18.0",
    deviceFamily: "iPhone",
    modelIdentifier: "iPhone17,1",
    mode: "ui",
    instanceId: "one",
  } as const;
  const connect = connectOf(client.identity, door.clock.now(), { client: said });
  const parsed = parseConnect(structuredClone(connect));
  assert.ok(!isRefusal(parsed));
  assert.deepEqual(parsed.client, said);
  const wrong = [{ id: "made-up" }, { mode: "admin" }, { version: "" }, { platform: undefined }, { extra: 1 }];
  for (const change of wrong) {
    const answer = parseConnect({ ...connect, client: { ...said, ...change } });
    assert.ok(isRefusal(answer) && answer.closeCode === 1008, JSON.stringify(change));
    assert.match(answer.error.message, /^invalid connect params: at \/client/);
  }
  await client.pair({ client: said });
  const device = await door.store.find(client.deviceId);
  assert.deepEqual(
    [device?.clientId, device?.clientMode, device?.displayName, device?.platform, device?.deviceFamily],
    ["openclaw-ios", "ui", "Phone", "ios 18.0", "iphone"],
  );
  assert.equal(codeOf(await client.connect({ client: { ...said, platform: "Linux" } })), "PAIRING_REQUIRED");
});

test("NODE-002 a node is a key that signed this connection's challenge, and waits for the owner like any device", async () => {
  await using door = await openTestDevices();
  const client = door.newClient();
  const asNode: ConnectChange = { role: "node", scopes: ["operator.admin"], client: { id: "node-host", mode: "node" } };
  const asked = await client.connect(asNode);
  assert.equal(codeOf(asked), "PAIRING_REQUIRED");
  const [request] = (await door.devices.list()).pending;
  assert.deepEqual([request?.role, request?.scopes], ["node", []]);
  await door.devices.approve(requestIdOf(asked), { kind: "owner" });
  const session = sessionOf(await client.connect(asNode));
  assert.deepEqual([session.role, session.scopes], ["node", []]);
  const asOperator = await client.connect({ auth: { deviceToken: tokenOf(session) } }, absent);
  assert.equal(codeOf(asOperator), "AUTH_DEVICE_TOKEN_MISMATCH");
});

test("what is half signed, replayed, too old or somebody else's is refused by its name", async () => {
  await using door = await openTestDevices();
  const { clock, devices } = door;
  const client = door.newClient();
  const good = connectOf(client.identity, clock.now());
  const { device } = good;
  assert.ok(device !== undefined);
  const other = connectOf(createDeviceIdentity(), clock.now()).device;
  assert.ok(other !== undefined);
  const claimed: readonly [unknown, typeof good][] = [
    ["DEVICE_AUTH_PUBLIC_KEY_INVALID", { ...good, device: { ...device, publicKey: "AAAA" } }],
    ["DEVICE_AUTH_DEVICE_ID_MISMATCH", { ...good, device: { ...device, id: other.id } }],
    ["DEVICE_AUTH_DEVICE_ID_MISMATCH", { ...good, device: { ...device, publicKey: other.publicKey } }],
    ["DEVICE_AUTH_NONCE_REQUIRED", { ...good, device: { ...device, nonce: " " } }],
    ["DEVICE_AUTH_NONCE_MISMATCH", { ...good, device: { ...device, nonce: "an earlier one" } }],
    ["DEVICE_AUTH_SIGNATURE_INVALID", { ...good, device: { ...device, signature: other.signature } }],
    ["DEVICE_AUTH_SIGNATURE_INVALID", { ...good, device: { ...device, signature: "" } }],
    ["DEVICE_AUTH_SIGNATURE_INVALID", { ...good, scopes: ["operator.admin"] }],
    ["DEVICE_AUTH_SIGNATURE_INVALID", { ...good, role: "node" }],
    ["DEVICE_AUTH_SIGNATURE_INVALID", { ...good, auth: { token: "slipped in" } }],
    ["DEVICE_AUTH_SIGNATURE_INVALID", { ...good, client: { ...good.client, platform: "ios" } }],
  ];
  for (const [code, connect] of claimed)
    assert.equal(codeOf(await devices.authenticate(connect, { nonce, shared: proved, peer: here })), code);
  for (const skew of [-limits.deviceClockSkewMs - 1, limits.deviceClockSkewMs + 1]) {
    const connect = connectOf(client.identity, clock.now() + skew);
    const answer = await devices.authenticate(connect, { nonce, shared: proved, peer: here });
    assert.equal(codeOf(answer), "DEVICE_AUTH_SIGNATURE_EXPIRED");
  }
  const replayed = await devices.authenticate(good, { nonce: "the next connection's", shared: proved, peer: here });
  assert.equal(codeOf(replayed), "DEVICE_AUTH_NONCE_MISMATCH");
  assert.deepEqual(await devices.list(), { pending: [], paired: [] });
});

test("the older signature, which leaves the platform out, is the page's alone", async () => {
  await using door = await openTestDevices();
  const codes: unknown[] = [];
  for (const id of ["openclaw-control-ui", "cli", "openclaw-tui"] as const) {
    const { identity } = door.newClient();
    const connect = connectOf(identity, door.clock.now(), { client: { id } });
    const claim = encodeClaim("v2", {
      deviceId: identity.deviceId,
      clientId: id,
      clientMode: "cli",
      role: "operator",
      scopes: ["operator.read"],
      signedAtMs: door.clock.now(),
      token: "",
      nonce,
      platform: undefined,
      deviceFamily: undefined,
    });
    const signature = sign(null, Buffer.from(claim), identity.privateKeyPem).toString("base64url");
    const device = { ...connect.device, signature } as NonNullable<typeof connect.device>;
    codes.push(codeOf(await door.devices.authenticate({ ...connect, device }, { nonce, shared: proved, peer: here })));
  }
  assert.deepEqual(codes, ["PAIRING_REQUIRED", "DEVICE_AUTH_SIGNATURE_INVALID", "DEVICE_AUTH_SIGNATURE_INVALID"]);
});

test("a stranger without a credential asks nothing of the owner, however many keys it makes", async () => {
  await using door = await openTestDevices();
  const codes = new Set<unknown>();
  for (let index = 0; index < 200; index += 1) {
    codes.add(codeOf(await door.newClient().connect({}, absent)));
    codes.add(codeOf(await door.newClient().connect({ auth: { token: "guess" } }, refused)));
    codes.add(codeOf(await door.newClient().connect({ auth: { bootstrapToken: "guess" } }, absent)));
    codes.add(codeOf(await door.newClient().connect({ auth: { deviceToken: "guess" } }, absent)));
  }
  assert.deepEqual([...codes].toSorted(), [
    "AUTH_BOOTSTRAP_TOKEN_INVALID",
    "AUTH_DEVICE_TOKEN_MISMATCH",
    "AUTH_REQUIRED",
    "AUTH_TOKEN_MISMATCH",
  ]);
  assert.deepEqual([await door.devices.list(), door.changes], [{ pending: [], paired: [] }, []]);
});

test("whoever has the shared secret fills the list of those who wait only so far, from one address and from all", async () => {
  await using door = await openTestDevices();
  const from = async (address: string): Promise<unknown> => {
    const peer: Peer = { ...here, address };
    return codeOf(await door.newClient().connect({}, proved, peer));
  };
  const first: unknown[] = [];
  for (let index = 0; index <= limits.deviceRequestsAddressMax; index += 1) first.push(await from("10.0.0.1"));
  assert.deepEqual([first.at(-2), first.at(-1)], ["PAIRING_REQUIRED", "UNAVAILABLE"]);
  for (let index = 0; index < limits.deviceRequestsMax; index += 1) await from(`10.0.1.${index}`);
  assert.equal((await door.devices.list()).pending.length, limits.deviceRequestsMax);
  assert.equal(await from("10.0.2.1"), "UNAVAILABLE");
  door.clock.advance(limits.deviceRequestMs);
  assert.equal(await from("10.0.2.1"), "PAIRING_REQUIRED");
});

test("more scopes, another role and another platform are asked for again, and what was approved goes on meanwhile", async () => {
  await using door = await openTestDevices();
  const client = door.newClient();
  const session = await client.pair({ scopes: ["operator.write"], client: { deviceFamily: "pc" } });
  const auth = { deviceToken: tokenOf(session) };
  const reasonOf = async (change: ConnectChange): Promise<unknown> => {
    const answer = await client.connect({ auth, ...change }, absent);
    return "closeCode" in answer ? answer.error.details?.["reason"] : answer.scopes;
  };
  assert.deepEqual(
    [
      await reasonOf({ scopes: ["operator.admin"] }),
      await reasonOf({ scopes: ["operator.read", "operator.pairing"] }),
      await reasonOf({ client: { platform: "darwin" } }),
      await reasonOf({ client: { deviceFamily: "phone" } }),
      await reasonOf({ client: { deviceFamily: "PC" } }),
      await reasonOf({ scopes: ["operator.sessions.read", "operator.everything"] }),
      await reasonOf({ scopes: [] }),
    ],
    [
      "scope-upgrade",
      "scope-upgrade",
      "metadata-upgrade",
      "metadata-upgrade",
      ["operator.read"],
      ["operator.sessions.read"],
      [],
    ],
  );
  const asNode = await client.connect({ role: "node", scopes: [], client: { mode: "node" } });
  assert.equal("closeCode" in asNode && asNode.error.details?.["reason"], "role-upgrade");
});

test("a yes to a wider wish reaches the token that the device has", async () => {
  await using door = await openTestDevices();
  const client = door.newClient();
  const auth = { deviceToken: tokenOf(await client.pair()) };
  const wider = { auth, scopes: ["operator.write"] };
  await door.devices.approve(requestIdOf(await client.connect(wider, absent)), { kind: "owner" });
  assert.deepEqual(sessionOf(await client.connect(wider, absent)).scopes, ["operator.write"]);
});

test("NODE-008 a device that was approved without scopes asks before it gets any", async () => {
  await using door = await openTestDevices();
  const client = door.newClient();
  await client.pair({ scopes: [] });
  const answer = await client.connect({ scopes: ["operator.read"] });
  assert.equal("closeCode" in answer && answer.error.details?.["reason"], "scope-upgrade");
  assert.deepEqual(sessionOf(await client.connect({ scopes: [] })).scopes, []);
});

test("a request is for exactly what was asked: another wish of the same device is another request", async () => {
  await using door = await openTestDevices();
  const client = door.newClient();
  const modest = requestIdOf(await client.connect({ scopes: ["operator.read"] }));
  const greedy = requestIdOf(await client.connect({ scopes: ["operator.admin"] }));
  assert.notEqual(modest, greedy);
  await assert.rejects(door.devices.approve(modest, { kind: "owner" }), /no such request waits/);
  assert.deepEqual(
    door.changes.map((change) => ("requestId" in change ? [change.kind, change.requestId] : change.kind)),
    [
      ["requested", modest],
      ["resolved", modest],
      ["requested", greedy],
    ],
  );
});
