// Upstream's own client library and its schemas, of 2026.9.1, against our gateway.
import assert from "node:assert/strict";
import { createPublicKey, sign } from "node:crypto";
import { test } from "node:test";
import { GatewayClient } from "@openclaw/gateway-client";
import { sha256 } from "../../../src/base/ids.ts";
import { createDeviceIdentity } from "../../../src/protocol/device/identity.ts";
import { openEdge, token } from "../../faux/edge.ts";
import { doneOutcome } from "../../faux/pipeline.ts";
import type { Script } from "../../faux/pipeline.ts";
import { payloadOf } from "../../faux/ws/client.ts";
import type { AnyFrame } from "../../faux/ws/client.ts";
import { connectDevice, pairDevice } from "../../faux/ws/device.ts";
import { upstreamErrors } from "../../faux/ws/schemas.ts";

const answering: Script = ({ emit, finish }) => {
  emit({ type: "started", turnId: "t", attempt: 1 });
  emit({ type: "model", provider: "faux", model: "one" });
  emit({ type: "reasoning", delta: "hm" });
  emit({ type: "text", text: "Hi", delta: "Hi" });
  emit({ type: "tool_started", callId: "c", tool: "exec", input: { command: "ls" } });
  emit({ type: "tool_progress", callId: "c", tool: "exec", text: "a" });
  emit({ type: "tool_finished", callId: "c", tool: "exec", text: "a", outcome: "ok" });
  finish(doneOutcome("Hi"));
};

/** Its keys as PEM, as upstream keeps them. */
function upstreamIdentity() {
  const { deviceId, privateKeyPem } = createDeviceIdentity();
  const publicKeyPem = createPublicKey(privateKeyPem).export({ type: "spki", format: "pem" }).toString();
  return { deviceId, privateKeyPem, publicKeyPem };
}

const hostDeps = {
  signDevicePayload: (pem: string, payload: string) => sign(null, Buffer.from(payload), pem).toString("base64url"),
  publicKeyRawBase64UrlFromPem: (pem: string) => String(createPublicKey(pem).export({ format: "jwk" }).x),
  loadDeviceAuthToken: () => null,
  storeDeviceAuthToken: () => undefined,
  clearDeviceAuthToken: () => undefined,
};

test("GW-023 upstream's client connects as a device, asks for health and sends a message", async (t) => {
  const edge = await openEdge(t, { script: answering });
  const code = "the code of upstream's client";
  edge.devices.offer({ hash: sha256(code), scopes: ["operator.admin"], expiresAt: Date.now() + 60_000 });
  const hello = Promise.withResolvers<{ readonly auth: { readonly deviceToken?: string } }>();
  const final = Promise.withResolvers<Record<string, unknown>>();
  const gaps: unknown[] = [];
  const client = new GatewayClient({
    url: `ws://127.0.0.1:${edge.port}`,
    bootstrapToken: code,
    clientName: "cli",
    mode: "cli",
    clientVersion: "2026.9.1",
    platform: "linux",
    scopes: ["operator.read", "operator.write"],
    deviceIdentity: upstreamIdentity(),
    hostDeps,
    onHelloOk: (ok) => hello.resolve(ok as never),
    onConnectError: (error) => hello.reject(error),
    onGap: (gap) => gaps.push(gap),
    onEvent: (frame) => {
      const payload = frame.payload as Record<string, unknown>;
      if (frame.event === "chat" && payload["state"] === "final") final.resolve(payload);
    },
  });
  t.after(() => client.stop());
  client.start();
  assert.equal(typeof (await hello.promise).auth.deviceToken, "string");
  const health = await client.request<Record<string, unknown>>("health", {});
  assert.equal(health["ok"], true);
  const sent = await client.request("chat.send", {
    sessionKey: "main",
    message: "hi",
    idempotencyKey: "from-upstream",
  });
  assert.deepEqual(sent, { runId: "from-upstream", status: "started" });
  assert.deepEqual((await final.promise)["runId"], "from-upstream");
  await assert.rejects(client.request("no.such.method", {}), { message: /unknown method: no\.such\.method/ });
  assert.deepEqual(gaps, []);
});

/** Frames with a schema of their own for the payload. */
const eventSchemas: Readonly<Record<string, string>> = {
  tick: "TickEvent",
  shutdown: "ShutdownEvent",
  chat: "ChatEvent",
  agent: "AgentEvent",
  "device.pair.requested": "DevicePairRequestedEvent",
  "device.pair.resolved": "DevicePairResolvedEvent",
};

/**
 * Where we differ from upstream's schemas, and why. `agent` and `session.tool` name their session, as 2026.9.6 sends it on
 * the wire and its clients read it, though the schema of 2026.9.1 has no such fields; and 2026.9.6 says in `hello-ok` by
 * which method a client was let in.
 */
const allowed = new Set(["sessionKey", "agentId", "sessionId"]);

function wrongIn(frame: AnyFrame): readonly string[] {
  const wrong = [...upstreamErrors("GatewayFrame", frame)];
  if (frame.payload?.["type"] === "hello-ok") {
    const { method: _, ...auth } = frame.payload["auth"] as Record<string, unknown>;
    wrong.push(...upstreamErrors("HelloOk", { ...frame.payload, auth }));
  }
  if (frame.error !== undefined) wrong.push(...upstreamErrors("ErrorShape", frame.error));
  const schema = eventSchemas[frame.event ?? ""];
  if (schema !== undefined) {
    const payload = Object.entries(frame.payload ?? {}).filter(
      ([name]) => schema !== "AgentEvent" || !allowed.has(name),
    );
    wrong.push(...upstreamErrors(schema, Object.fromEntries(payload)));
  }
  if (frame.event === "presence")
    for (const entry of payloadOf<unknown[]>(frame, "presence")) wrong.push(...upstreamErrors("PresenceEntry", entry));
  return wrong.map((error) => `${frame.event ?? frame.id}: ${error}`);
}

test("every frame that the gateway sends fits upstream's schemas", async (t) => {
  const edge = await openEdge(t, { script: answering });
  const url = `ws://127.0.0.1:${edge.port}`;
  const client = await pairDevice({ ...edge, url }, { scopes: ["operator.admin"], caps: ["tool-events"] });
  await client.request("sessions.subscribe", {});
  await client.request("sessions.messages.subscribe", { key: "main" });
  await client.request("agent", { message: "hi", idempotencyKey: "r1" });
  for (const [method, params] of [
    ["health", {}],
    ["no.such", {}],
    ["chat.send", { message: 1 }],
    ["sessions.list", {}],
  ] as const)
    await client.request(method, params);
  const asking = await connectDevice(url, createDeviceIdentity(), { auth: { token } });
  await client.next(({ event }) => event === "device.pair.requested");
  await edge.devices.reject(String(asking.hello.error?.details?.["requestId"]), { kind: "owner" });
  await client.next(({ event }) => event === "device.pair.resolved");
  const wrongToken = await connectDevice(url, createDeviceIdentity(), { auth: { token: "wrong" } });
  await client.next(({ event }) => event === "presence");
  const closing = edge.gateway.close(0);
  await client.next(({ event }) => event === "shutdown");
  assert.deepEqual(await client.closed, { code: 1012, reason: "service restart" });
  await closing;
  const frames = [...client.frames, ...asking.frames, ...wrongToken.frames];
  assert.deepEqual(frames.flatMap(wrongIn), []);
  const seen = new Set(frames.map(({ event }) => event));
  for (const name of ["connect.challenge", "agent", "chat", "session.tool", "presence", "shutdown"])
    assert.ok(seen.has(name), name);
});
