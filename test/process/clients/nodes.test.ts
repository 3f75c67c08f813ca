// Nodes against a whole installation: our own host, and one that answers what a test tells it to.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { LoricaError } from "../../../src/base/errors.ts";
import {
  connectGateway,
  connectSocket,
  loadDevice,
  openClientFiles,
  parseGatewayUrl,
} from "../../../src/client/client.ts";
import type { Connection } from "../../../src/client/client.ts";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation, Ran } from "../../faux/installation.ts";
import { until } from "../../faux/outside/until.ts";
import { upstreamErrors } from "../../faux/ws/schemas.ts";

const program = join(resolve(import.meta.dirname, "../../.."), "lorica.mjs");
const never = new AbortController().signal;

describe("nodes", () => {
  let installation: Installation;
  let elsewhere: string;
  let host: ChildProcess | undefined;
  const open: (Connection & { readonly nodeId: string })[] = [];

  before(async () => {
    installation = await createInstallation();
    installation.writeConfig({ gateway: { nodes: { denyCommands: ["device.status"] } } });
    elsewhere = mkdtempSync(join(tmpdir(), "lorica-node-"));
    await installation.start();
  });
  after(async () => {
    for (const connection of open) connection.close();
    host?.kill("SIGKILL");
    await installation.remove();
    rmSync(elsewhere, { recursive: true, force: true });
  });

  async function lorica(...words: readonly string[]): Promise<Ran> {
    const ran = await installation.run(words);
    return { ...ran, stdout: ran.stdout.trim(), stderr: ran.stderr.trim() };
  }
  async function json(...words: readonly string[]): Promise<Record<string, unknown>> {
    const { code, stdout, stderr } = await lorica(...words, "--json");
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Record<string, unknown>;
  }
  async function approveNode(): Promise<void> {
    const { pending } = (await json("nodes")) as { readonly pending: readonly { readonly requestId: string }[] };
    assert.equal(pending.length, 1);
    assert.equal((await lorica("nodes", "approve", pending[0]?.requestId ?? "")).code, 0);
  }

  /** A node that a test speaks for. */
  async function connectNode(
    name: string,
    commands: readonly string[],
  ): Promise<Connection & { readonly nodeId: string }> {
    const url = parseGatewayUrl(`ws://127.0.0.1:${installation.port}`);
    assert.ok(url.ok);
    const device = await loadDevice(join(elsewhere, name, "node.json"));
    const options = {
      url: url.value,
      device,
      files: openClientFiles(join(elsewhere, name, "gateways.json")),
      secret: { token: installation.token },
      introduction: {
        client: { id: "node-host", mode: "node", version: "1", platform: "linux", displayName: name },
        role: "node",
        scopes: [],
        caps: [],
        commands,
      },
    } as const;
    const refused = await connectGateway(options, never).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(refused instanceof LoricaError && refused.details?.["code"] === "PAIRING_REQUIRED");
    assert.equal((await lorica("devices", "approve", String(refused.details["requestId"]))).code, 0);
    const connection = await connectGateway(options, never);
    const node = { ...connection, nodeId: device.id };
    open.push(node);
    return node;
  }
  /** The next order that comes in. */
  function nextOrder(connection: Connection, event = "node.invoke.request"): Promise<Record<string, unknown>> {
    return new Promise((done) => {
      const stop = connection.listen((frame) => {
        if (frame.event !== event) return;
        stop();
        assert.equal(frame.seq, undefined);
        done(frame.payload as Record<string, unknown>);
      });
    });
  }

  test("NODE-001 NODE-002 our own host is let in twice, answers, and is in the audit log", async () => {
    const env = { ...installation.env, HOME: elsewhere };
    const words = ["node", "run", "--port", String(installation.port), "--display-name", "Attic"];
    host = spawn(process.execPath, [program, ...words], { env, stdio: ["ignore", "ignore", "pipe"] });
    const said = createReader(host);
    await said(/devices approve [\w-]+/);
    assert.equal((await lorica("devices", "approve", "--latest")).code, 0);
    await said(/connected to ws:/);
    const early = await lorica("nodes", "invoke", "Attic", "system.which", "--params", '{"bins":["sh"]}');
    assert.match(early.stderr, /it was not approved for this node/);
    await approveNode();
    const { payload } = await json("nodes", "invoke", "Attic", "system.which", "--params", '{"bins":["sh"]}');
    assert.match(String((payload as { readonly bins: Record<string, string> }).bins["sh"]), /\/sh$/);
    const audited = (): Record<string, unknown>[] =>
      readFileSync(join(installation.stateDir, "logs", "audit.jsonl"), "utf8")
        .split("\n")
        .slice(0, -1)
        .filter((line) => line.includes("node.invoke"))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    // The answer does not wait for the record of it: another process writes that.
    await until("the effect is in the audit log", async () => audited().length >= 3);
    assert.deepEqual(
      audited().map(({ kind, verdict, rule, actor }) => [kind, verdict, rule, actor]),
      [
        ["decision", "deny", "node.surface", "owner"],
        ["decision", "allow", "node.operator", "owner"],
        ["effect", undefined, undefined, "owner"],
      ],
    );
  });

  test("NODE-003 a command that config denies or that the node's list lacks is not done", async () => {
    const config = await lorica("nodes", "invoke", "Attic", "device.status");
    assert.match(config.stderr, /gateway\.nodes\.denyCommands has it/);
    const run = await lorica("nodes", "invoke", "Attic", "system.run", "--params", '{"command":["id"]}');
    assert.match(run.stderr, /no command is allowed on this node/);
    assert.deepEqual([config.code, run.code], [2, 8]);
  });

  test("a node that is paired may call nothing of an operator's, and is answered as it is documented", async () => {
    const node = await connectNode("caller", ["system.which"]);
    for (const method of ["sessions.list", "node.invoke", "node.list", "chat.send", "node.pair.approve", "config.get"])
      await assert.rejects(node.request(method, {}, never), { message: "unauthorized role: node" }, method);
    node.close();
    assert.equal((await lorica("nodes", "remove", "caller")).code, 0);
  });

  test("ADV-006 an order is answered by the node that was asked and by nobody else, in upstream's shapes", async () => {
    const node = await connectNode("asked", ["system.which"]);
    const stranger = await connectNode("stranger", ["system.which"]);
    const { pending } = (await json("nodes")) as { readonly pending: readonly { readonly requestId: string }[] };
    for (const { requestId } of pending) await lorica("nodes", "approve", requestId);
    const coming = nextOrder(node);
    const answer = json("nodes", "invoke", "asked", "system.which", "--params", '{"bins":[]}');
    const order = await coming;
    assert.deepEqual(upstreamErrors("NodeInvokeRequestEvent", order), []);
    const { id, nodeId } = order;
    const lie = { id, nodeId, ok: true, payload: "forged" };
    assert.deepEqual(await stranger.request("node.invoke.result", lie, never), { ok: true, ignored: true });
    assert.deepEqual(await node.request("node.invoke.result", { ...lie, payload: "true" }, never), { ok: true });
    assert.equal((await answer)["payload"], "true");
  });

  test("a caller who leaves, a node that leaves, and an answer that is too long end an order", async () => {
    const node = open.find((one) => !one.closed.aborted);
    assert.ok(node !== undefined);
    const socketPath = join(installation.stateDir, "run", "gateway.sock");
    const caller = await connectSocket({ socketPath, version: "1", startCommand: "" }, never);
    const first = nextOrder(node);
    const left = nextOrder(node, "node.invoke.cancel");
    const order = { nodeId: node.nodeId, command: "system.which", idempotencyKey: "leaves" };
    const unheard = caller.request("node.invoke", order, never, { timeoutMs: "none" }).catch(() => undefined);
    const { id: asked } = await first;
    caller.close();
    await unheard;
    assert.equal((await left)["id"], asked);

    const coming = nextOrder(node);
    const calledOff = nextOrder(node, "node.invoke.cancel");
    const late = lorica("nodes", "invoke", "asked", "system.which", "--timeout", "500ms");
    assert.equal((await calledOff)["id"], (await coming)["id"]);
    assert.deepEqual((await late).code, 9);

    const next = nextOrder(node);
    const long = lorica("nodes", "invoke", "asked", "system.which");
    const { id, nodeId } = await next;
    await node.request("node.invoke.result", { id, nodeId, ok: true, payload: "x".repeat(4_200_000) }, never);
    assert.match((await long).stderr, /answered with more than 4194304 bytes/);

    const last = nextOrder(node);
    const lost = lorica("nodes", "invoke", "asked", "system.which");
    await last;
    node.close();
    const { code, stderr } = await lost;
    assert.equal(code, 7);
    assert.match(stderr, /is not connected; what it was asked may have taken effect/);
  });

  test("a gateway that restarts has its node back, with what was approved", async () => {
    await installation.stop();
    await installation.start();
    for (;;) {
      const { nodes } = (await json("nodes")) as {
        readonly nodes: readonly { displayName: string; connected: boolean; approvalState: string }[];
      };
      const attic = nodes.find(({ displayName }) => displayName === "Attic");
      assert.equal(attic?.approvalState, "approved");
      if (attic.connected) break;
    }
    const { code } = await lorica("nodes", "invoke", "Attic", "device.info");
    assert.equal(code, 0);
  });
});

/** Waits for a line of what a process says. */
function createReader(child: ChildProcess): (wanted: RegExp) => Promise<void> {
  let said = "";
  const watchers = new Set<() => void>();
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    for (const watcher of watchers) watcher();
  });
  return (wanted) =>
    new Promise((done, fail) => {
      const look = (): void => {
        if (!wanted.test(said)) return;
        watchers.delete(look);
        done();
      };
      child.once("exit", () => fail(new Error(`it ended, and never said ${String(wanted)}: ${said}`)));
      watchers.add(look);
      look();
    });
}

test("KEY-004 where config says that the gateway is elsewhere none is started here, and commands go there", async () => {
  const installation = await createInstallation();
  const there = await createInstallation();
  try {
    await there.start();
    const url = `ws://127.0.0.1:${there.port}`;
    installation.writeConfig({ gateway: { mode: "remote", remote: { url, token: there.token } } });
    delete installation.env["OPENCLAW_GATEWAY_TOKEN"];
    const started = await installation.run(["gateway", "run"]);
    assert.deepEqual([started.code, /the gateway is elsewhere/.test(started.stderr)], [78, true]);
    const health = installation.run(["health"]);
    for (;;) {
      const approved = await there.run(["devices", "approve", "--latest"]);
      if (approved.code === 0) break;
    }
    const { code, stdout, stderr } = await health;
    assert.deepEqual([code, stdout.startsWith("ok · 0 sessions")], [0, true], stderr);
    assert.match(stderr, /lorica devices approve/);
  } finally {
    await installation.remove();
    await there.remove();
  }
});
