// The owner's methods on a real unix socket, and the sockets that are opened for the gateway.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { silentLog } from "../../src/audit/audit.ts";
import type { AuditRecord } from "../../src/audit/audit.ts";
import { LoricaError } from "../../src/base/errors.ts";
import { openSockets } from "../../src/broker/gateway/sockets.ts";
import { findHolder } from "../../src/network/network.ts";
import { callOwner } from "../../src/broker/owner/dispatch.ts";
import { createOwnerHandlers } from "../../src/broker/owner/handlers.ts";
import type { OwnerDeps, OwnerHandlers } from "../../src/broker/owner/handlers.ts";
import { openOwnerSocket } from "../../src/broker/owner/socket.ts";
import type { OutgoingRequest } from "../../src/egress/route/route.ts";
import { createClientConnection } from "../../src/protocol/client.ts";
import { createLineReader } from "../../src/protocol/lines.ts";
import { openTestVault } from "../faux/vault/test-vault.ts";

const clock = { now: () => 5 };
const signal = new AbortController().signal;

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "lorica-owner-"));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const models = JSON.stringify({ data: [{ id: "m1" }, { id: "m2" }] });

async function setUp(context: TestContext, change: { answer?: () => Promise<{ status: number; text: string }> } = {}) {
  const home = folder(context);
  const vault = await openTestVault({ path: join(home, "vault.age"), clock, given: new Map() });
  const records: AuditRecord[] = [];
  const sent: OutgoingRequest[] = [];
  let refreshed = 0;
  const unused = async (): Promise<never> => {
    throw new LoricaError("conflict", "the config was changed by somebody else");
  };
  const deps: OwnerDeps = {
    clock,
    config: {
      view: async (path) => ({
        path: path ?? "",
        exists: true,
        hash: "h",
        value: 1,
        valid: true,
        issues: [],
        notices: [],
      }),
      edit: unused,
      history: async () => [],
      rollback: () => Promise.reject(new TypeError("internals")),
      status: () => ({ hashOnDisk: "a", hashRunning: "b", restartNeeded: [], notices: [] }),
    },
    vault,
    egress: {
      async fetch(request) {
        sent.push(request);
        const { status, text } = (await change.answer?.()) ?? { status: 200, text: models };
        return {
          status,
          headers: {},
          body: (async function* () {
            yield Buffer.from(text);
          })(),
        };
      },
      close: async () => undefined,
    },
    ceiling: () => ({
      channels: new Map(),
      providers: new Map([
        ["p", { baseUrl: "https://p.example/v1/", credential: "x-api-key", secret: "provider:p", ownerNamed: true }],
      ]),
      agents: new Map(),
    }),
    defaultModel: () => "p/m1",
    audit: { record: (record) => records.push(record) },
    onSecretsChanged: async () => {
      refreshed += 1;
    },
    channelRoute: () => undefined,
    areas: {} as OwnerDeps["areas"],
    running: undefined,
  };
  const handlers = createOwnerHandlers(deps);
  const ask = (method: string, params: unknown = {}) => callOwner(handlers, { method, params, signal });
  return { home, vault, records, sent, handlers, ask, refreshes: () => refreshed };
}

async function dial(path: string, scopes: readonly string[]) {
  const socket = connect({ path });
  const client = createClientConnection({
    send: (text) => socket.write(`${text}\n`),
    info: { version: "1", platform: "test", scopes, caps: [] },
    onEvent: () => undefined,
  });
  const reader = createLineReader(1_000_000);
  socket.on("data", (chunk) => {
    for (const line of reader.push(chunk)) if (line.ok) client.receive(line.value);
  });
  socket.on("close", () => client.closed(new Error("closed")));
  await client.hello;
  return { client, socket };
}

test("the owner's socket answers protocol 4 behind a 0600 file, with coded errors", async (context) => {
  const { home, handlers } = await setUp(context);
  const path = join(home, "owner.sock");
  const door = await openOwnerSocket({ path, handlers, version: "1.2.3", clock, log: silentLog });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const { client, socket } = await dial(path, ["operator.admin"]);
  assert.equal((await client.hello).server.version, "1.2.3");
  assert.deepEqual(await client.request("config.history", { limit: 1 }), { revisions: [] });
  await assert.rejects(client.request("secret.get", {}), /unknown method: secret.get/);
  await assert.rejects(client.request("config.history", { limit: 0 }), /invalid config.history params: at \/limit/);
  await assert.rejects(client.request("config.set", { edits: [{ path: "a", value: 1 }] }), { code: "conflict" });
  await assert.rejects(client.request("config.rollback", {}), (error: Error) => !error.message.includes("internals"));
  await assert.rejects(client.request("owner.status", {}), { code: "unavailable" });
  const poor = await dial(path, ["operator.read"]);
  await assert.rejects(poor.client.request("token.show", {}), { code: "forbidden" });
  socket.destroy();
  poor.socket.destroy();
  await door.close();
  assert.equal(existsSync(path), false);
});

test("the owner's socket survives what is no client", async (context) => {
  const { home, handlers } = await setUp(context);
  const path = join(home, "owner.sock");
  const door = await openOwnerSocket({ path, handlers, version: "1", clock, log: silentLog });
  for (const bytes of [
    "GET / HTTP/1.1\r\n\r\n",
    "\u0000\n",
    '{"type":"req","id":"1","method":"token.show"}\n',
    "x".repeat(200_000),
  ]) {
    const socket = connect({ path });
    socket.on("error", () => undefined);
    socket.resume();
    socket.write(bytes);
    await new Promise((closed) => socket.on("close", closed));
  }
  const { client, socket } = await dial(path, ["operator.admin"]);
  assert.deepEqual(await client.request("config.history", {}), { revisions: [] });
  socket.destroy();
  await door.close();
});

test("a client that does not read its answers does not keep the owner's socket from closing", async (context) => {
  const { home, handlers } = await setUp(context);
  const path = join(home, "owner.sock");
  const long = {
    ...handlers,
    "token.show": async () => ({ token: "x".repeat(2_000_000), source: "vault" as const, ageWarnDays: 90 }),
  };
  const door = await openOwnerSocket({ path, handlers: long, version: "1", clock, log: silentLog });
  const { client, socket } = await dial(path, ["operator.admin"]);
  socket.pause();
  const asked = [client.request("token.show", {}), client.request("token.show", {})];
  const answers = Promise.allSettled(asked);
  // Their answers are on the way, and there is no room for them.
  for (let turn = 0; turn < 20; turn++) await new Promise((next) => setImmediate(next));
  await door.close();
  socket.resume();
  assert.ok((await answers).some(({ status }) => status === "rejected"));
});

test("GW-028 LOG-004 ROT-004 token.show makes a token where there is none, and token.create rotates it on record", async (context) => {
  const { ask, records } = await setUp(context);
  const first = (await ask("token.show")) as { token: string; source: string };
  assert.match(first.token, /^[0-9a-f]{64}$/);
  const age = { ageDays: 0, ageWarnDays: 90 };
  assert.deepEqual(await ask("token.show"), { token: first.token, source: "vault", ...age });
  const second = (await ask("token.create")) as { token: string };
  assert.notEqual(second.token, first.token);
  assert.deepEqual(await ask("token.show"), { token: second.token, source: "vault", ...age });
  assert.equal(records.at(-1)?.resource, "token rotated: gateway:token");
  const { previousUntil } = (await ask("token.rotate", { graceMs: 60_000 })) as { previousUntil: number };
  const { actor, resource } = records.at(-1) ?? {};
  assert.deepEqual([actor, resource, previousUntil > 0], ["owner", "token rotated: gateway:token", true]);
  const third = (await ask("token.show")) as { token: string };
  for (const { token } of [first, second, third]) assert.ok(!JSON.stringify(records).includes(token));
});

test("model.check asks the provider for its models and says what is wrong", async (context) => {
  const good = await setUp(context);
  const strip = (answer: Record<string, unknown>): unknown => {
    assert.equal(typeof answer["latencyMs"], "number");
    return Object.fromEntries(Object.entries(answer).filter(([name]) => name !== "latencyMs"));
  };
  const check = async (ask: typeof good.ask, params: unknown = {}) =>
    strip((await ask("model.check", params)) as Record<string, unknown>);
  assert.deepEqual(await check(good.ask), { ok: true, provider: "p", model: "m1", models: ["m1", "m2"] });
  assert.equal(good.sent[0]?.resource.url, "https://p.example/v1/models");
  assert.deepEqual(good.sent[0]?.headers, { "anthropic-version": "2023-06-01" });
  assert.deepEqual(await check(good.ask, { model: "p/m9" }), {
    ok: false,
    provider: "p",
    model: "m9",
    models: ["m1", "m2"],
    reason: "it answers, but does not list the model m9",
  });
  await assert.rejects(good.ask("model.check", { provider: "q" }), { code: "not_found" });
  const refusing = await setUp(context, { answer: async () => ({ status: 401, text: "no" }) });
  assert.match(JSON.stringify(await check(refusing.ask)), /refuses the credential \(401\)/);
  const down = await setUp(context, {
    answer: async () => {
      throw new LoricaError("unavailable", "cannot connect to p.example (ECONNREFUSED)");
    },
  });
  assert.deepEqual(await check(down.ask), {
    ok: false,
    provider: "p",
    model: "m1",
    models: [],
    reason: "cannot connect to p.example (ECONNREFUSED)",
  });
});

test("every method of the table has its handler, and no name of an object passes for one", async (context) => {
  const { handlers } = await setUp(context);
  for (const method of ["__proto__", "constructor", "toString", ""])
    await assert.rejects(callOwner(handlers as OwnerHandlers, { method, params: {}, signal }), {
      code: "invalid_request",
    });
});

test("sockets are handed over with their final names, and nobody accepts here", async (context) => {
  const socketPath = join(folder(context), "gateway.sock");
  const handed = await openSockets({ listen: [{ host: "127.0.0.1", port: 0 }], socketPath }, (sockets) => {
    assert.equal(existsSync(socketPath), true);
    assert.equal(statSync(socketPath).mode & 0o777, 0o600);
    assert.ok((sockets.tcpFds[0] ?? 0) > 2 && sockets.unixFd > 2);
    return sockets.addresses[0];
  });
  assert.ok(handed !== undefined);
  assert.equal(handed.host, "127.0.0.1");
  // Nobody took the descriptors over, so with the broker's own copies everything is gone again.
  await assert.rejects(
    new Promise((done, fail) => connect(handed.port, handed.host).on("connect", done).on("error", fail)),
    { code: "ECONNREFUSED" },
  );
  assert.equal(existsSync(socketPath), true);
});

test("a taken port names who holds it; an address that is not ours and a long path say what to do", async (context) => {
  const holder = createServer();
  await new Promise<void>((ready) => holder.listen(0, "127.0.0.1", ready));
  context.after(() => holder.close());
  const { port } = holder.address() as AddressInfo;
  assert.equal(findHolder(port)?.pid, process.pid);
  const socketPath = join(folder(context), "gateway.sock");
  const open = (host: string, at: number, path = socketPath) =>
    openSockets({ listen: [{ host, port: at }], socketPath: path }, () => assert.fail("nothing to hand over"));
  await assert.rejects(open("127.0.0.1", port), {
    code: "conflict",
    message: new RegExp(`port ${port} on 127.0.0.1 is taken by .* \\(pid ${process.pid}\\)`),
  });
  await assert.rejects(open("192.0.2.7", 0), { code: "config_invalid", message: /not an address of this machine/ });
  await assert.rejects(open("127.0.0.1", 0, `/tmp/${"x".repeat(120)}/gateway.sock`), {
    code: "config_invalid",
    message: /too long/,
  });
  assert.equal(existsSync(`${socketPath}.new`), false);
});
