// The doors as they are in the running system: a process that got its listening sockets from its parent.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { connectClient, token } from "../faux/edge.ts";

function descriptorOf(server: Server): number {
  const { _handle: handle } = server as Server & { readonly _handle?: { readonly fd: number } };
  assert.ok(handle !== undefined);
  return handle.fd;
}

async function startProcess(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "lorica-doors-"));
  const tcp = createServer().listen(0, "127.0.0.1");
  const unix = createServer().listen(join(folder, "temporary"));
  await Promise.all([once(tcp, "listening"), once(unix, "listening")]);
  const { port } = tcp.address() as AddressInfo;
  const entry = join(import.meta.dirname, "../faux/edge-process.ts");
  const stdio = ["ignore" as const, "pipe" as const, "pipe" as const, descriptorOf(tcp), descriptorOf(unix)];
  const child = spawn(process.execPath, [entry, token], { stdio, env: { TMPDIR: tmpdir() } });
  const exited = once(child, "exit");
  // Closing a unix listener removes its path, so it must have another by then.
  const socketPath = join(folder, "gateway.sock");
  renameSync(join(folder, "temporary"), socketPath);
  tcp.close();
  unix.close();
  t.after(async () => {
    child.kill("SIGKILL");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  });
  assert.ok(child.stdout !== null);
  await once(child.stdout, "data");
  return { child, exited, port, socketPath };
}

async function say(port: number, content: string): Promise<readonly [number, string | undefined]> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ messages: [{ role: "user", content }] }),
  });
  const body = (await response.json()) as { choices?: { message: { content: string } }[] };
  return [response.status, body.choices?.[0]?.message.content];
}

test("both doors work on inherited descriptors, while hundreds of idle connections hang on", async (t) => {
  const { port, socketPath } = await startProcess(t);
  const idle = Array.from({ length: 300 }, () => connect(port, "127.0.0.1"));
  for (const socket of idle) socket.on("error", () => undefined).write("GET / HTT");
  const client = await connectClient(socketPath, { scopes: ["operator.admin"], caps: [] });
  assert.equal(client.hello.server.version, "0.0.0");
  assert.deepEqual(await say(port, "hello"), [200, "you said hello"]);
  client.end();
  for (const socket of idle) socket.destroy();
});

test("a stop lets the call that is being answered end, and then the process", async (t) => {
  const { child, exited, port, socketPath } = await startProcess(t);
  const client = await connectClient(socketPath, { scopes: ["operator.admin"], caps: [] });
  const slow = say(port, "slow");
  await say(port, "hello");
  child.kill("SIGTERM");
  assert.deepEqual(await slow, [200, "you said slow"]);
  assert.deepEqual(await exited, [0, null]);
  assert.equal(client.events.at(-1)?.event, "shutdown");
  await assert.rejects(say(port, "anybody?"));
});
