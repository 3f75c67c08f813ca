import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Connection } from "../../src/client/client.ts";
import { answerInvokes } from "../../src/node-host/answer.ts";
import { createCommands } from "../../src/node-host/commands.ts";
import { allowCommand, disallowCommand, findProgram, loadAllowed } from "../../src/node-host/node-host.ts";
import type { EventFrame } from "../../src/protocol/frames.ts";
import { upstreamErrors } from "../faux/ws/schemas.ts";

type Sent = { readonly method: string; readonly params: Record<string, unknown> };

function openHost(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "lorica-node-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const allowed = join(folder, "node-commands.json");
  const closing = new AbortController();
  const listeners: ((event: EventFrame) => void)[] = [];
  const waiting = new Map<unknown, (sent: Sent) => void>();
  const sent: Sent[] = [];
  const connection = {
    closed: closing.signal,
    listen: (listener: (event: EventFrame) => void) => listeners.push(listener),
    async request(method: string, params: Record<string, unknown>) {
      sent.push({ method, params });
      if (method === "node.invoke.result") waiting.get(params["id"])?.({ method, params });
      return { ok: true };
    },
  } as unknown as Connection;
  const commands = createCommands({ allowedPath: allowed, version: "1" });
  answerInvokes(connection, { commands, nodeId: "me", report: () => undefined });
  let count = 0;
  const tell = (event: string, payload: unknown): void =>
    listeners.forEach((hear) => hear({ type: "event", event, payload }));
  return {
    allowed,
    sent,
    tell,
    closing,
    ask(command: string, params: unknown, change: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
      const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
      count += 1;
      const id = `i${count}`;
      waiting.set(id, (one) => {
        assert.deepEqual(upstreamErrors("NodeInvokeResultParams", one.params), []);
        const { ok, payloadJSON, error } = one.params;
        resolve(ok === true ? (JSON.parse(String(payloadJSON)) as Record<string, unknown>) : { error });
      });
      tell("node.invoke.request", {
        id,
        nodeId: "me",
        command,
        paramsJSON: JSON.stringify(params),
        ...change,
      });
      return promise;
    },
  };
}

const echo = findProgram("echo") ?? "";
const sleep = findProgram("sleep") ?? "";
const denied = (message: string) => ({ error: { code: "SYSTEM_RUN_DENIED", message } });

test("NODE-003 a node runs what its own list has, word by word, and nothing else", async (t) => {
  const host = openHost(t);
  const advice = "Whoever owns it can allow it there: node allow --";
  assert.deepEqual(
    await host.ask("system.run", { command: ["echo", "hi"] }),
    denied(`no command is allowed on this node. ${advice} ${echo} hi`),
  );
  assert.equal(await allowCommand(host.allowed, { argv: [echo, "hi"] }), true);
  assert.equal(await allowCommand(host.allowed, { argv: [echo, "hi"] }), false);
  const { stdout, success } = await host.ask("system.run", { command: ["echo", "hi"] });
  assert.deepEqual([stdout, success], ["hi\n", true]);
  const others = [
    ["echo"],
    ["echo", "hi", "there"],
    ["echo", "hi "],
    ["echo", "hi; id"],
    ["sh", "-c", "echo hi"],
    [`${echo} hi`],
  ];
  for (const command of others) {
    const { error } = await host.ask("system.run", { command });
    assert.equal((error as { readonly code: string }).code, "SYSTEM_RUN_DENIED", JSON.stringify(command));
  }
  const elsewhere = await host.ask("system.run", { command: ["echo", "hi"], cwd: "/" });
  assert.deepEqual(elsewhere, denied(`this command is not allowed on this node. ${advice} ${echo} hi`));
  const changed = await host.ask("system.run", { command: ["echo", "hi"], env: { LD_PRELOAD: "/tmp/x.so" } });
  assert.deepEqual(changed, denied("this node takes no environment from a gateway"));
  assert.equal(await disallowCommand(host.allowed, { argv: [echo, "hi"] }), true);
  assert.deepEqual(await loadAllowed(host.allowed), []);
});

test("a list that cannot be read allows nothing", async (t) => {
  const host = openHost(t);
  writeFileSync(host.allowed, '{"version":1,"commands":[{"argv":["echo"]}]}', { mode: 0o600 });
  const { error } = await host.ask("system.run", { command: ["echo"] });
  assert.match((error as { readonly message: string }).message, /is not a list of commands, so nothing may be run/);
});

test("a program gets a small environment, no input, and an end for all that it started", async (t) => {
  const host = openHost(t);
  const env = findProgram("env") ?? "";
  await allowCommand(host.allowed, { argv: [env] });
  process.env["LORICA_TEST_SECRET"] = "secret";
  t.after(() => delete process.env["LORICA_TEST_SECRET"]);
  const { stdout } = await host.ask("system.run", { command: ["env"] });
  assert.deepEqual(
    String(stdout)
      .trim()
      .split("\n")
      .map((line) => line.split("=")[0])
      .toSorted(),
    ["HOME", "LANG", "PATH"],
  );
  await allowCommand(host.allowed, { argv: [sleep, "60"] });
  const late = await host.ask("system.run", { command: ["sleep", "60"], timeoutMs: 20 });
  assert.deepEqual([late["timedOut"], late["success"], late["exitCode"]], [true, false, null]);
});

test("what is called off ends, and nobody is answered", async (t) => {
  const host = openHost(t);
  await allowCommand(host.allowed, { argv: [sleep, "61"] });
  void host.ask("system.run", { command: ["sleep", "61"] });
  host.tell("node.invoke.cancel", { id: "i1", nodeId: "me" });
  const { bins } = await host.ask("system.which", { bins: ["sh", "../sh", "no-such-program"] });
  assert.deepEqual(Object.keys(bins as object), ["sh"]);
  assert.deepEqual(
    host.sent.filter(({ params }) => params["id"] === "i1"),
    [],
  );
});

test("output is told as it comes and kept up to its bound", async (t) => {
  const host = openHost(t);
  const seq = findProgram("seq") ?? "";
  await allowCommand(host.allowed, { argv: [seq, "1", "100000"] });
  const { stdout, truncated } = await host.ask("system.run", { command: ["seq", "1", "100000"] });
  const progress = host.sent.filter(({ method }) => method === "node.invoke.progress").map(({ params }) => params);
  assert.deepEqual(
    progress.flatMap((params) => upstreamErrors("NodeInvokeProgressParams", params)),
    [],
  );
  assert.equal(progress.map(({ chunk }) => chunk).join(""), stdout);
  assert.deepEqual([String(stdout).length, truncated], [262_144, true]);
});

test("orders for another node, of another shape, or for unknown commands do nothing", async (t) => {
  const host = openHost(t);
  host.tell("node.invoke.request", { id: "x1", nodeId: "other", command: "system.which" });
  host.tell("node.invoke.request", { id: 5, command: "system.which" });
  host.tell("node.invoke.request", null);
  const code = async (command: string, params: unknown, change = {}): Promise<unknown> =>
    ((await host.ask(command, params, change))["error"] as { readonly code: string }).code;
  assert.deepEqual(
    [
      await code("constructor", {}),
      await code("camera.snap", {}),
      await code("system.which", { bins: "sh" }),
      await code("system.which", {}, { paramsJSON: "{" }),
      await code("system.run", { command: [] }),
    ],
    ["UNKNOWN_COMMAND", "UNKNOWN_COMMAND", "INVALID_REQUEST", "INVALID_REQUEST", "INVALID_REQUEST"],
  );
  assert.deepEqual(
    host.sent.filter(({ params }) => params["id"] === "x1"),
    [],
  );
});
