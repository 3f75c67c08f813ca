// Devices from outside: a real gateway, real WebSockets, and the owner at a command line.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createDeviceIdentity } from "../../../src/protocol/device/identity.ts";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { filesWith } from "../../faux/outside/files.ts";
import type { ConnectChange } from "../../faux/pairing/client.ts";
import { connectDevice } from "../../faux/pairing/ws.ts";
import { openWs } from "../../faux/ws/client.ts";

let lorica: Installation;
let url: string;

before(async () => {
  lorica = await createInstallation();
  url = `ws://127.0.0.1:${lorica.port}/`;
  await lorica.start();
});
after(() => lorica.remove());

const shared = () => ({ auth: { token: lorica.token } });

async function json(words: readonly string[]): Promise<Record<string, unknown>> {
  const ran = await lorica.run([...words, "--json"]);
  assert.equal(ran.code, 0, ran.stderr);
  return JSON.parse(ran.stdout) as Record<string, unknown>;
}

test("MIS-010 a printed link signs one browser in, once, and the code is written down nowhere", async () => {
  const link = (await json(["dashboard"])) as { url: string; expiresAt: number };
  const code = new URL(link.url).hash.replace("#code=", "");
  assert.equal(link.url, `http://127.0.0.1:${lorica.port}/#code=${code}`);
  assert.match(code, /^[\w-]{32}$/);
  const wish = {
    auth: { bootstrapToken: code },
    scopes: ["operator.admin"],
    client: { id: "openclaw-control-ui", mode: "webchat" },
  } satisfies ConnectChange;
  const browser = createDeviceIdentity();
  const origin = { origin: `http://127.0.0.1:${lorica.port}` };
  const first = await connectDevice(url, browser, wish, origin);
  assert.equal(first.outcome, "in");
  const second = await connectDevice(url, createDeviceIdentity(), wish, origin);
  assert.equal(second.outcome, "AUTH_BOOTSTRAP_TOKEN_INVALID");
  const health = await first.request("health");
  assert.equal(health.ok, true);
  // With the token that it got, it comes back by itself.
  const again = await connectDevice(url, browser, { ...wish, auth: { token: first.token } }, origin);
  assert.deepEqual([again.outcome, again.token], ["in", first.token]);
  for (const secret of [code, first.token]) assert.deepEqual(filesWith(lorica.stateDir, secret), []);
});

test("PAIR-002 PAIR-020 NODE-002 devices and nodes wait for the owner's command, also on this machine with the right token", async () => {
  const phone = createDeviceIdentity();
  const wish = { ...shared(), scopes: ["operator.read"], client: { displayName: "Phone" } };
  const asked = await connectDevice(url, phone, wish);
  assert.equal(asked.outcome, "PAIRING_REQUIRED");
  const { code, reason } = await asked.closed;
  const requestId = String(asked.answer.error?.details?.["requestId"]);
  assert.deepEqual([code, reason.includes(`(requestId: ${requestId})`)], [1008, true]);
  const shown = await lorica.run(["devices"]);
  assert.match(
    shown.stdout,
    new RegExp(`${requestId.slice(0, 8)} +Phone \\(linux\\) +127\\.0\\.0\\.1 +operator: read`),
  );
  await json(["devices", "approve", requestId]);
  const connection = await connectDevice(url, phone, wish);
  assert.equal(connection.outcome, "in");
  const denied = await connection.request("device.pair.list");
  assert.equal(denied.error?.message, "missing scope: operator.pairing");

  const asNode = {
    ...shared(),
    role: "node",
    scopes: [],
    client: { id: "node-host", mode: "node" },
  } satisfies ConnectChange;
  const node = createDeviceIdentity();
  assert.equal((await connectDevice(url, node, asNode)).outcome, "PAIRING_REQUIRED");
  await json(["devices", "approve", "--latest"]);
  const hello = await connectDevice(url, node, asNode);
  assert.equal(hello.outcome, "in");
  const operators = await hello.request("status");
  assert.equal(operators.error?.message, "unauthorized role: node");
  hello.end();
  connection.end();
});

test("ROT-007 PAIR-021 what the owner takes away ends open connections at once, and the device's token with them", async () => {
  const laptop = createDeviceIdentity();
  const wish = { ...shared(), scopes: ["operator.read"], client: { displayName: "Laptop" } };
  await connectDevice(url, laptop, wish);
  await json(["devices", "approve", "--latest"]);
  const connection = await connectDevice(url, laptop, wish);
  assert.equal(connection.outcome, "in");
  const withToken = { ...wish, auth: { deviceToken: connection.token } };
  await json(["devices", "revoke", "Laptop"]);
  assert.equal((await connection.closed).code, 4001);
  assert.equal((await connectDevice(url, laptop, withToken)).outcome, "AUTH_DEVICE_TOKEN_MISMATCH");

  const back = await connectDevice(url, laptop, wish);
  const { token } = (await json(["devices", "rotate", "Laptop"])) as { token: string };
  assert.equal((await back.closed).code, 4001);
  const rotated = await connectDevice(url, laptop, { ...wish, auth: { deviceToken: token } });
  assert.equal(rotated.outcome, "in");

  await json(["devices", "remove", "Laptop", "--yes"]);
  assert.equal((await rotated.closed).code, 4001);
  assert.equal((await connectDevice(url, laptop, wish)).outcome, "PAIRING_REQUIRED");
});

test("what was approved survives a kill at once after the answer, and each decision is on record", async () => {
  const tablet = createDeviceIdentity();
  const wish = { ...shared(), scopes: ["operator.read"], client: { displayName: "Tablet" } };
  const asked = await connectDevice(url, tablet, wish);
  const requestId = String(asked.answer.error?.details?.["requestId"]);
  await json(["devices", "approve", requestId]);
  const { token } = await connectDevice(url, tablet, wish);
  await lorica.kill();
  await lorica.start();
  const withToken = { ...wish, auth: { deviceToken: token } };
  assert.equal((await connectDevice(url, tablet, withToken)).outcome, "in");
  const audit = readFileSync(join(lorica.stateDir, "logs", "audit.jsonl"), "utf8");
  assert.match(
    audit,
    new RegExp(`"verdict":"allow","rule":"devices","actor":"owner","resource":"request ${requestId}: `),
  );
});

test("a client that shows the token and no device comes in, may do nothing, and is told why", async () => {
  const client = await openWs(url);
  const client_ = { id: "cli", mode: "cli", version: "1", platform: "linux" };
  client.send({
    type: "req",
    id: "connect",
    method: "connect",
    params: { minProtocol: 4, maxProtocol: 4, client: client_, scopes: ["operator.admin"], ...shared() },
  });
  const hello = await client.next(({ id }) => id === "connect");
  const { scopes } = (hello.payload ?? {})["auth"] as { scopes: unknown };
  assert.deepEqual(scopes, []);
  const status = await client.request("status");
  assert.match(String(status.error?.details?.["hint"]), /connect as a device/);
  client.end();
});
