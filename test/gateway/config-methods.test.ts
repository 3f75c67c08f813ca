import assert from "node:assert/strict";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import type { EdgeDeps } from "../../src/gateway/gateway.ts";
import { openEdge } from "../faux/edge.ts";
import { pairDevice } from "../faux/ws/device.ts";

type Remote = EdgeDeps["remote"];
type Order = Parameters<Remote["writeConfig"]>[0];

const view: Awaited<ReturnType<Remote["readConfig"]>> = {
  exists: true,
  valid: true,
  hash: "h-1",
  written: { logging: { level: "warn" } },
  whole: { logging: { level: "warn", file: "x" } },
  issues: [],
  notices: ["a note"],
  status: { hashOnDisk: "h-1", hashRunning: "h-0", restartNeeded: ["gateway.port"] },
};

function openWithConfig(t: Parameters<typeof openEdge>[0]) {
  const orders: Order[] = [];
  const remote: Partial<Remote> = {
    readConfig: async () => view,
    async writeConfig(order) {
      orders.push(order);
      if (order.raw.includes("bind")) throw new LoricaError("forbidden", "gateway.bind: only the owner");
      return { hash: "h-2", written: {}, changed: [{ path: "gateway.port", reload: "restart" }] };
    },
  };
  return { orders, opened: openEdge(t, { remote, now: () => 1_000 }) };
}

test("GW-046 GAP-051 config.get and status tell what is on the disk, what runs and what waits", async (t) => {
  const edge = await openWithConfig(t).opened;
  const client = await edge.connect();
  const written = { logging: { level: "warn" } };
  const whole = { logging: { level: "warn", file: "x" } };
  assert.deepEqual(await client.request("config.get", {}), {
    path: "openclaw.json",
    exists: true,
    raw: `${JSON.stringify(written, undefined, 2)}\n`,
    parsed: written,
    sourceConfig: written,
    config: written,
    resolved: whole,
    runtimeConfig: whole,
    valid: true,
    hash: "h-1",
    configRevisionHash: "h-1",
    appliedConfigHash: "h-0",
    restartNeeded: ["gateway.port"],
    issues: [],
    warnings: [{ path: "", message: "a note" }],
    legacyIssues: [],
  });
  const status = (await client.request("status", {})) as { readonly config: unknown };
  assert.deepEqual(status.config, {
    hashOnDisk: "on-disk",
    hashRunning: "running",
    restartNeeded: ["gateway.port"],
  });
  client.end();
});

test("GW-038 config.set, patch and apply become orders to the broker, under who asked", async (t) => {
  const { orders, opened } = openWithConfig(t);
  const client = await (await opened).connect();
  for (const mode of ["set", "patch", "apply"] as const)
    assert.deepEqual(await client.request(`config.${mode}`, { raw: "{}", baseHash: "h-1" }), {
      ok: true,
      path: "openclaw.json",
      hash: "h-2",
      config: {},
      changedPaths: ["gateway.port"],
      sentinel: {
        persisted: true,
        payload: { kind: `config-${mode}`, status: "ok", ts: 1_000, stats: { mode, requiresRestart: true } },
      },
    });
  const order = { raw: "{}", baseHash: "h-1", actor: "owner" };
  assert.deepEqual(orders, [
    { ...order, mode: "set" },
    { ...order, mode: "patch" },
    { ...order, mode: "set" },
  ]);
  await assert.rejects(client.request("config.set", { raw: "{gateway:{bind:'lan'}}" }), { code: "forbidden" });
  await assert.rejects(client.request("update.run", {}), { code: "not_built" });
  client.end();
});

test("GW-038 agents are changed in the config, and through nothing else", async (t) => {
  const { orders, opened } = openWithConfig(t);
  const client = await (await opened).connect();
  await client.request("agents.create", { name: "Tax Office" });
  await client.request("agents.update", { agentId: "beta", model: "faux/one" });
  await client.request("agents.delete", { agentId: "beta" });
  await assert.rejects(client.request("agents.delete", { agentId: "main" }), { code: "conflict" });
  await assert.rejects(client.request("agents.create", { name: "beta" }), { code: "conflict" });
  assert.deepEqual(
    orders.map(({ mode, raw }) => [mode, mode === "unset" ? raw : (JSON.parse(raw) as unknown)]),
    [
      ["patch", { agents: { list: [{ id: "tax-office", name: "Tax Office" }] } }],
      ["patch", { agents: { list: [{ id: "beta", model: { primary: "faux/one" } }] } }],
      ["unset", "agents.list.beta"],
    ],
  );
  client.end();
});

test("a key of the config is looked up with what is below it", async (t) => {
  const client = await (await openWithConfig(t).opened).connect();
  const key = (await client.request("config.schema.lookup", { path: "session.reset" })) as {
    readonly path: string;
    readonly children: readonly { readonly key: string; readonly path: string; readonly reloadKind: string }[];
  };
  assert.deepEqual(
    [key.path, key.children.map((child) => [child.key, child.path])],
    [
      "session.reset",
      [
        ["mode", "session.reset.mode"],
        ["atHour", "session.reset.atHour"],
        ["idleMinutes", "session.reset.idleMinutes"],
      ],
    ],
  );
  await assert.rejects(client.request("config.schema.lookup", { path: "no.such" }), { code: "not_found" });
  await assert.rejects(client.request("config.schema.lookup", { path: "__proto__.x" }), { code: "invalid_request" });
  client.end();
});

test("GW-038 instruction files are read and written by name, never by path, and only as they were read", async (t) => {
  const written: unknown[] = [];
  const edge = await openEdge(t, {
    workspace: {
      read: async (_agentId, names) =>
        names.includes("SOUL.md") ? [{ name: "SOUL.md", text: "kind", bytes: 4, sha256: "a".repeat(64) }] : [],
      write: async (...call) => void written.push(call[0]),
    },
  });
  const client = await edge.connect();
  const soul = { name: "SOUL.md", path: "SOUL.md", missing: false, size: 4 };
  assert.deepEqual(await client.request("agents.files.get", { agentId: "main", name: "SOUL.md" }), {
    agentId: "main",
    workspace: "(workspace)",
    file: { ...soul, hash: "a".repeat(64), content: "kind" },
  });
  const { files } = (await client.request("agents.files.list", { agentId: "main" })) as { files: unknown[] };
  assert.deepEqual(files.slice(0, 2), [{ name: "AGENTS.md", path: "AGENTS.md", missing: true }, soul]);
  const set = (change: object) =>
    client.request("agents.files.set", { agentId: "main", name: "SOUL.md", content: "wise", ...change });
  await set({ expectedHash: "A".repeat(64) });
  await assert.rejects(set({ expectedHash: "b".repeat(64) }), { code: "conflict" });
  for (const name of ["../SOUL.md", "/etc/passwd", "memory/SOUL.md", "secrets.md"])
    await assert.rejects(set({ name }), { code: "invalid_request" });
  await assert.rejects(set({ agentId: "none" }), { code: "not_found" });
  assert.deepEqual(written, [{ agentId: "main", name: "SOUL.md", content: "wise", actor: "owner" }]);
  client.end();
});

test("who writes an instruction file over the network is named as the device that it is", async (t) => {
  const actors: string[] = [];
  const edge = await openEdge(t, {
    workspace: { read: async () => [], write: async ({ actor }) => void actors.push(actor) },
  });
  const url = `ws://127.0.0.1:${edge.port}`;
  const device = await pairDevice({ url, devices: edge.devices }, { scopes: ["operator.admin"] });
  const params = { agentId: "main", name: "SOUL.md", content: "wise" };
  assert.equal((await device.request("agents.files.set", params)).ok, true);
  assert.deepEqual(actors, [`device:${device.identity.deviceId}`]);
  device.end();
});

test("nothing that is asked to be approved is ever approved", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  for (const method of ["exec.approval.list", "plugin.approval.list", "openclaw.approval.list"])
    assert.deepEqual(await client.request(method, {}), []);
  await assert.rejects(client.request("exec.approval.request", { command: "ls", twoPhase: true }), {
    code: "not_built",
  });
  const unknown = { code: "not_found", message: "unknown or expired approval id: a" };
  await assert.rejects(client.request("exec.approval.resolve", { id: "a", decision: "allow-always" }), unknown);
  await assert.rejects(client.request("exec.approval.waitDecision", { id: "a" }), unknown);
  client.end();
});

test("GW-039 changes to how the gateway is run are bounded for each device, and say when to come again", async (t) => {
  const { opened } = openWithConfig(t);
  const client = await (await opened).connect();
  for (let write = 0; write < 30; write++) await client.request("config.patch", { raw: "{}" });
  await assert.rejects(client.request("config.patch", { raw: "{}" }), {
    code: "overloaded",
    retryAfterMs: 60_000,
    message: "config.patch is limited to 30 per 60s for each device; wait and try again",
  });
  await client.request("config.set", { raw: "{}" });
  client.end();
});
