import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../../../src/base/ids.ts";
import { limits } from "../../../src/base/limits.ts";
import { createDeviceIdentity } from "../../../src/protocol/device/identity.ts";
import { openEdge, token } from "../../faux/edge.ts";
import { accessOf } from "../../faux/gateway/access.ts";
import { doneOutcome } from "../../faux/pipeline.ts";
import type { Script } from "../../faux/pipeline.ts";
import { connectWs, openWs, payloadOf } from "../../faux/ws/client.ts";
import { connectDevice, pairDevice, signedConnect } from "../../faux/ws/device.ts";

const answering: Script = ({ emit, finish }) => {
  emit({ type: "started", turnId: "t", attempt: 1 });
  emit({ type: "text", text: "Hi", delta: "Hi" });
  emit({ type: "tool_started", callId: "c", tool: "exec", input: { command: "ls" } });
  emit({ type: "tool_finished", callId: "c", tool: "exec", text: "a", outcome: "ok" });
  finish(doneOutcome("Hi"));
};

async function openGateway(t: Parameters<typeof openEdge>[0], options: Parameters<typeof openEdge>[1] = {}) {
  const edge = await openEdge(t, options);
  return { ...edge, url: `ws://127.0.0.1:${edge.port}` };
}

const detailOf = (frame: { readonly error?: { readonly details?: Record<string, unknown> } }) =>
  frame.error?.details?.["code"];

test("GW-004 a device signs in with a code, goes on with its token, and asks and sends over one port", async (t) => {
  const gateway = await openGateway(t, { script: answering });
  const first = await pairDevice(gateway);
  first.end();
  const again = await connectDevice(gateway.url, first.identity, { auth: { deviceToken: first.token } });
  const { auth, policy, snapshot } = again.hello.payload as Record<string, Record<string, unknown>>;
  assert.deepEqual(auth, {
    method: "device-token",
    role: "operator",
    scopes: ["operator.read", "operator.write"],
    deviceToken: first.token,
    issuedAtMs: auth?.["issuedAtMs"],
  });
  assert.deepEqual(policy, {
    maxPayload: 26_214_400,
    maxBufferedBytes: 52_428_800,
    tickIntervalMs: 30_000,
    attachments: { maxBytes: 19_464_192, maxImageBytes: 6_291_456 },
  });
  assert.deepEqual(Object.keys(snapshot ?? {}).includes("stateDir"), false);
  assert.equal((await again.request("health")).ok, true);
  const sent = await again.request("chat.send", { sessionKey: "main", message: "hi", idempotencyKey: "k1" });
  assert.deepEqual(sent.payload, { runId: "k1", status: "started" });
  const final = await again.next(({ event, payload }) => event === "chat" && payload?.["state"] === "final");
  assert.equal(final.payload?.["sessionKey"], "agent:main:main");
  assert.equal(gateway.handled[0]?.channel, "webchat");
  again.end();
});

test("CH-008 what comes over a WebSocket enters as webchat, and the rehearsal's grammar is refused", async (t) => {
  const gateway = await openGateway(t, { script: answering });
  const client = await pairDevice(gateway);
  const refused = await client.request("chat.send", {
    sessionKey: "main",
    message: "run ls",
    idempotencyKey: "k",
    rehearsal: { grammar: true },
  });
  assert.equal(refused.error?.code, "FORBIDDEN");
  assert.deepEqual(gateway.handled, []);
  client.end();
});

test("ADV-026 a connect that is replayed, half-signed, old or somebody else's is refused with its own code", async (t) => {
  const gateway = await openGateway(t);
  const identity = createDeviceIdentity();
  const other = createDeviceIdentity();
  const auth = { token };
  const tried = async (make: (nonce: string) => unknown) => {
    const client = await openWs(gateway.url);
    const challenge = await client.next(({ event }) => event === "connect.challenge");
    client.send({ type: "req", id: "c", method: "connect", params: make(String(challenge.payload?.["nonce"])) });
    const answer = await client.next(({ id }) => id === "c");
    return [detailOf(answer), (await client.closed).code];
  };
  let overheard: unknown;
  await tried((nonce) => (overheard = signedConnect(identity, { nonce }, { auth })));
  assert.deepEqual(await tried(() => overheard), ["DEVICE_AUTH_NONCE_MISMATCH", 1008]);
  const cases: readonly (readonly [(nonce: string) => unknown, string])[] = [
    [
      (nonce) => signedConnect(identity, { nonce, now: Date.now() - 121_000 }, { auth }),
      "DEVICE_AUTH_SIGNATURE_EXPIRED",
    ],
    [
      (nonce) => signedConnect(identity, { nonce, now: Date.now() + 121_000 }, { auth }),
      "DEVICE_AUTH_SIGNATURE_EXPIRED",
    ],
    [
      (nonce) => ({ ...signedConnect(identity, { nonce }, { auth }), scopes: ["operator.admin"] }),
      "DEVICE_AUTH_SIGNATURE_INVALID",
    ],
    [(nonce) => ({ ...signedConnect(identity, { nonce }, { auth }), role: "node" }), "DEVICE_AUTH_SIGNATURE_INVALID"],
    [
      (nonce) => {
        const connect = signedConnect(identity, { nonce }, { auth });
        return { ...connect, device: { ...connect.device, id: other.deviceId } };
      },
      "DEVICE_AUTH_DEVICE_ID_MISMATCH",
    ],
    [(nonce) => signedConnect(identity, { nonce }, { auth: { token: "wrong" } }), "AUTH_TOKEN_MISMATCH"],
    [(nonce) => signedConnect(identity, { nonce }, { auth: { deviceToken: "wrong" } }), "AUTH_DEVICE_TOKEN_MISMATCH"],
    [
      (nonce) => signedConnect(identity, { nonce }, { auth: { bootstrapToken: "wrong" } }),
      "AUTH_BOOTSTRAP_TOKEN_INVALID",
    ],
  ];
  for (const [make, code] of cases) assert.deepEqual(await tried(make), [code, 1008]);
});

test("the shared token alone pairs nobody: the device asks, the owner approves, and it holds what was approved", async (t) => {
  const gateway = await openGateway(t);
  const identity = createDeviceIdentity();
  const scopes = ["operator.read"];
  const stranger = await connectDevice(gateway.url, identity, { auth: { token }, scopes });
  assert.deepEqual([detailOf(stranger.hello), stranger.hello.error?.code], ["PAIRING_REQUIRED", "NOT_PAIRED"]);
  assert.equal((await stranger.closed).code, 1008);
  await gateway.devices.approve(String(stranger.hello.error?.details?.["requestId"]), { kind: "owner" });
  const approved = await connectDevice(gateway.url, identity, { auth: { token }, scopes });
  assert.equal(approved.hello.ok, true);
  const more = await connectDevice(gateway.url, identity, { auth: { token }, scopes: ["operator.admin"] });
  assert.deepEqual(more.hello.error?.details?.["reason"], "scope-upgrade");
  const denied = await approved.request("sessions.delete", { key: "main" });
  assert.equal(denied.error?.message, "missing scope: operator.admin");
  approved.end();

  const nameless = await connectWs(gateway.url, {
    params: {
      auth: { token },
      scopes: ["operator.admin"],
      client: { id: "cli", mode: "cli", version: "1", platform: "x" },
    },
  });
  assert.deepEqual(payloadOf<{ scopes: unknown }>(nameless.hello, "auth").scopes, []);
  assert.equal((await nameless.request("health")).error?.message, "missing scope: operator.read");
  nameless.end();
});

test("GW-039 a node that calls operators' methods is refused, and closed after ten times", async (t) => {
  const gateway = await openGateway(t);
  const identity = createDeviceIdentity();
  const node = { role: "node", scopes: [], client: { id: "node-host", mode: "node" }, auth: { token } } as const;
  const asked = await connectDevice(gateway.url, identity, { ...node, scopes: [] });
  await gateway.devices.approve(String(asked.hello.error?.details?.["requestId"]), { kind: "owner" });
  const client = await connectDevice(gateway.url, identity, { ...node, scopes: [] });
  assert.equal(client.hello.ok, true);
  const { presence, health } = payloadOf<{ presence: unknown[]; health: unknown }>(client.hello, "snapshot");
  assert.deepEqual([presence.length, Object.keys(health as object)], [1, ["ok"]]);
  for (let count = 1; count <= limits.unauthorizedCallsMax; count++) {
    const refused = await client.request(count % 2 === 0 ? "sessions.list" : "chat.send", {});
    assert.deepEqual([refused.error?.code, refused.error?.message], ["INVALID_REQUEST", "unauthorized role: node"]);
  }
  assert.deepEqual(await client.closed, { code: 1008, reason: "repeated unauthorized calls" });
});

test("GW-022 a token in the address opens nothing, and whoever puts one there is told", async (t) => {
  const gateway = await openGateway(t);
  for (const query of [`token=${token}`, "x=1&access_token=y"]) {
    const refused = (await openWs(`${gateway.url}/?${query}`).catch((error: unknown) => error)) as { status: number };
    assert.equal(refused.status, 400);
  }
});

test("ROT-005 what is revoked or rotated is cut off at once, with 4001, and nobody else is", async (t) => {
  const gateway = await openGateway(t);
  const [revoked, removed, kept] = [await pairDevice(gateway), await pairDevice(gateway), await pairDevice(gateway)];
  const owner = await gateway.connect();
  const sharing = await connectWs(gateway.url, { params: { auth: { token } } });
  await gateway.devices.revoke({ deviceId: revoked.identity.deviceId, role: "operator" }, { kind: "owner" });
  await gateway.devices.remove(removed.identity.deviceId, { kind: "owner" });
  assert.equal((await revoked.closed).code, 4001);
  assert.equal((await removed.closed).code, 4001);
  const next = sha256("another token of thirty-two letters");
  gateway.configure({ access: accessOf({ tokenHashes: [sha256(token), next] }) });
  assert.equal((await sharing.request("status")).error?.code, "FORBIDDEN");
  gateway.configure({ access: accessOf({ tokenHashes: [next] }) });
  assert.deepEqual(await sharing.closed, { code: 4001, reason: "the credentials of this gateway have changed" });
  assert.equal((await kept.request("health")).ok, true);
  assert.equal((await owner.request("health", {})) !== undefined, true);
  kept.end();
  owner.end();
});

test("events are numbered for each client, and reach only those they are meant for", async (t) => {
  const gateway = await openGateway(t, { script: answering });
  const reader = await pairDevice(gateway, { scopes: ["operator.read"] });
  const scoped = await pairDevice(gateway, { scopes: ["operator.read"], caps: ["session-scoped-events"] });
  const following = await pairDevice(gateway, {
    scopes: ["operator.read"],
    caps: ["session-scoped-events", "tool-events"],
  });
  const blind = await pairDevice(gateway, { scopes: [] });
  const writer = await pairDevice(gateway, { scopes: ["operator.write"] });
  assert.equal((await following.request("sessions.messages.subscribe", { key: "main" })).ok, true);
  await writer.request("agent", { message: "hi", idempotencyKey: "run" });
  await Promise.all([reader, following].map((client) => client.next(({ payload }) => payload?.["state"] === "final")));
  const names = (client: typeof reader) => [
    ...new Set(client.frames.filter(({ event }) => event !== undefined).map(({ event }) => event)),
  ];
  assert.deepEqual(names(blind), ["connect.challenge"]);
  assert.ok(names(reader).includes("agent") && names(reader).includes("chat"));
  assert.ok(!names(scoped).includes("agent") && !names(scoped).includes("chat"));
  assert.ok(["agent", "chat", "session.tool"].every((name) => names(following).includes(name)));
  for (const client of [reader, following]) {
    const numbers = client.frames.flatMap(({ seq }) => seq ?? []);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index + 1),
    );
  }
  for (const client of [reader, scoped, following, blind, writer]) client.end();
});

test("presence says who is connected, with a version that rises, and health comes with one too", async (t) => {
  const gateway = await openGateway(t);
  const watcher = await pairDevice(gateway, { client: { displayName: "the watcher" } });
  const first = watcher.hello.payload?.["snapshot"] as { stateVersion: { presence: number } };
  const visitor = await pairDevice(gateway, { client: { displayName: "the visitor" }, scopes: ["operator.read"] });
  const hosts = (frame: (typeof watcher.frames)[number]) =>
    payloadOf<{ host?: string }[]>(frame, "presence").map(({ host }) => host);
  const came = await watcher.next((frame) => frame.event === "presence" && hosts(frame).includes("the visitor"));
  const { stateVersion } = came as unknown as { stateVersion: { presence: number; health: number } };
  assert.ok(stateVersion.presence > first.stateVersion.presence);
  assert.deepEqual(hosts(came), [undefined, "the watcher", "the visitor"]);
  visitor.end();
  await watcher.next(
    (frame) => frame.event === "presence" && (frame.seq ?? 0) > (came.seq ?? 0) && hosts(frame).length === 2,
  );
  watcher.end();
});

test("GW-004 a channel that comes up is told as health, without being asked for", async (t) => {
  const gateway = await openGateway(t);
  const [reader, blind] = [await pairDevice(gateway), await pairDevice(gateway, { scopes: [] })];
  const account = { id: "default", name: undefined, lastInboundAt: undefined, lastOutboundAt: undefined };
  gateway.channels.states.push({
    channel: "telegram",
    running: true,
    held: false,
    accounts: [{ ...account, health: { state: "connected" } }],
  });
  for (const listener of gateway.channels.listeners) listener();
  const told = await reader.next(({ event }) => event === "health");
  assert.deepEqual(payloadOf(told, "channels"), { telegram: { running: true, held: false, connected: true } });
  assert.ok(!blind.frames.some(({ event }) => event === "health"));
  for (const client of [reader, blind]) client.end();
});
