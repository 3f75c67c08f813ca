// The gateway process from its start to its end, where the host or the gateway itself does not play along.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { sha256 } from "../../../src/base/ids.ts";
import { createClientConnection } from "../../../src/protocol/client.ts";
import type { ClientConnection } from "../../../src/protocol/client.ts";
import { createLineReader } from "../../../src/protocol/lines.ts";
import type { OwnerStatus } from "../../../src/protocol/owner-methods.ts";
import { createTestBroker } from "./test-broker.ts";

/** A bubblewrap that starts nothing, as on a host without user namespaces. */
export async function unconfined(): Promise<void> {
  for (const [bwrap, reason] of [
    ["/bin/false", /bubblewrap does not work on this host/],
    [undefined, /bubblewrap is not installed; install it with/],
  ] as const) {
    const test = await createTestBroker({ bwrap });
    await test.broker.start();
    const { gateway } = test.broker.status();
    assert.equal(gateway.confinement, "none");
    assert.match(gateway.confinementReason ?? "", reason);
    assert.deepEqual(await test.inGateway("return Object.keys(process.env)"), ["MALLOC_ARENA_MAX"]);
    await test.close();
  }
}

export async function refusesToStart(): Promise<void> {
  const holder = createServer();
  await new Promise<void>((ready) => holder.listen(0, "127.0.0.1", ready));
  const { port } = holder.address() as AddressInfo;
  const taken = await createTestBroker({ listen: () => [{ host: "127.0.0.1", port }] });
  await assert.rejects(taken.broker.start(), { code: "conflict", message: new RegExp(`port ${port}`) });
  assert.equal(taken.broker.status().gateway.state, "stopped");
  await taken.close();
  holder.close();
  const inside = await createTestBroker();
  const hidden = [realpathSync(process.execPath)];
  await inside.close();
  const exposed = await createTestBroker({
    folders: { code: inside.stateDir, node: realpathSync(process.execPath), writable: [], hidden },
  });
  await assert.rejects(exposed.broker.start(), { code: "config_invalid", message: /lies inside of/ });
  await exposed.close();
}

export async function isNotTalkedOutOfItsWalls(): Promise<void> {
  const whole = await createTestBroker();
  rmSync(join(whole.stateDir, "media"), { recursive: true });
  await assert.rejects(whole.broker.start(), { code: "internal", message: /media is missing/ });
  assert.equal(whole.broker.status().gateway.confinement, "bwrap");
  await whole.close();
  // A gateway that prints what bubblewrap prints, and ends as it does.
  const words = ["--eval", 'console.error("bwrap: No permissions to create new namespace"); process.exit(1)'];
  const liar = await createTestBroker({ argv: words });
  await assert.rejects(liar.broker.start(), { code: "unavailable" });
  assert.equal(liar.broker.status().gateway.confinement, "bwrap");
  await liar.close();
}

export async function saysWhyItDidNotStart(): Promise<void> {
  const broken = await createTestBroker({ argv: ["--eval", 'console.error("no such module"); process.exit(3)'] });
  await assert.rejects(broken.broker.start(), {
    code: "unavailable",
    message: /ended while it started \(exit code 3\)/,
  });
  assert.match(readFileSync(broken.logPath, "utf8"), /"level":"warn".*"source":"gateway","msg":"no such module"/);
  await broken.close();
}

export async function givesUp(): Promise<void> {
  const test = await createTestBroker();
  await test.broker.start();
  const { pid } = test.broker.status();
  assert.equal(pid, process.pid);
  // From now on every start fails, so that the pauses between them are all there is to wait for.
  writeFileSync(join(dirname(test.stateDir), "code", "lorica.mjs"), "process.exit(9);");
  process.kill(test.gatewayPids().at(-1) ?? 0, "SIGKILL");
  await assert.rejects(test.broker.ended, { code: "unavailable", message: /died \d+ times in a row/ });
  assert.equal(existsSync(join(test.stateDir, "run", "owner.sock")), false);
  await test.close();
}

export async function obeysItsOwner(): Promise<void> {
  const test = await createTestBroker();
  await test.broker.start();
  const owner = await dialOwner(join(test.stateDir, "run", "owner.sock"));
  const status = (await owner.request("owner.status", {})) as OwnerStatus;
  assert.equal(status.gateway.state, "running");
  assert.equal(status.listen?.host, "127.0.0.1");
  const before = await test.inGateway("return settings.tokenHash");
  assert.equal(before, sha256(test.token));
  const { token } = (await owner.request("token.create", {})) as { token: string };
  assert.equal(await test.inGateway("return settings.tokenHash"), sha256(token));
  await owner.request("gateway.restart", { graceMs: 100 });
  for (let turn = 0; turn < 200 && test.broker.status().gateway.restarts === 0; turn++) await delay(25);
  while (test.broker.status().gateway.state !== "running") await delay(25);
  assert.notEqual(test.broker.status().gateway.pid, status.gateway.pid);
  assert.deepEqual(await owner.request("gateway.stop", { graceMs: 7 }), { stopping: true, pid: process.pid });
  assert.equal(await test.broker.ended, 7);
  await test.close();
}

async function dialOwner(path: string): Promise<ClientConnection> {
  const socket = connect({ path });
  const client = createClientConnection({
    send: (text) => socket.write(`${text}\n`),
    info: { version: "1", platform: "test", scopes: ["operator.admin"], caps: [] },
    onEvent: () => undefined,
  });
  const reader = createLineReader(1_000_000);
  socket.on("data", (chunk) => {
    for (const line of reader.push(chunk)) if (line.ok) client.receive(line.value);
  });
  await client.hello;
  return client;
}

/** Once this host has shown that it can confine, a bubblewrap that fails costs the gateway and never its walls. */
export async function keepsItsWalls(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lorica-bwrap-"));
  const bwrap = join(folder, "bwrap");
  symlinkSync("/usr/bin/bwrap", bwrap);
  const test = await createTestBroker({ bwrap });
  await test.broker.start();
  rmSync(bwrap);
  symlinkSync("/bin/false", bwrap);
  const owner = await dialOwner(join(test.stateDir, "run", "owner.sock"));
  const restarted = owner.request("gateway.restart", { graceMs: 100 }).catch(() => undefined);
  await assert.rejects(test.broker.ended, { code: "unavailable" });
  await restarted;
  const { state, confinement } = test.broker.status().gateway;
  assert.deepEqual([state, confinement], ["stopped", "bwrap"]);
  await test.close();
  rmSync(folder, { recursive: true });
}

/** However early a gateway is stopped, nothing of it stays. */
export async function leavesNothingWhenStoppedEarly(): Promise<void> {
  for (const afterMs of [0, 1, 2, 4, 8, 16, 32]) {
    const test = await createTestBroker();
    const starting = test.broker.start().catch(() => undefined);
    await delay(afterMs);
    await test.broker.stop(0);
    await starting;
    await test.close();
    // The program's folder is in the command line of everything that belongs to a gateway. The kernel ends what is in a
    // namespace after its first process, so a busy machine needs a moment.
    const left = () => processesWith(dirname(test.stateDir));
    for (let turn = 0; turn < 200 && left().length > 0; turn++) await delay(25);
    assert.deepEqual(left(), [], `stopped after ${afterMs} ms`);
  }
}

function processesWith(text: string): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(text);
    } catch {
      // Gone since it was listed.
      return false;
    }
  });
}

/** Starts a broker, says which processes it has, and stays. */
export async function stay(): Promise<void> {
  const test = await createTestBroker();
  await test.broker.start();
  process.stdout.write(`${JSON.stringify({ pids: test.gatewayPids(), home: dirname(test.stateDir) })}\n`);
  await delay(60_000);
}

export async function diesTogether(): Promise<void> {
  const program = `import { stay } from ${JSON.stringify(import.meta.url)}; await stay();`;
  const broker = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise<string>((done) =>
    broker.stdout.once("data", (chunk: Buffer) => done(chunk.toString())),
  );
  const { pids, home } = JSON.parse(line) as { readonly pids: readonly number[]; readonly home: string };
  assert.ok(pids.length >= 2 && pids.every((pid) => existsSync(`/proc/${pid}`)));
  broker.kill("SIGKILL");
  for (let turn = 0; turn < 200 && pids.some(isAlive); turn++) await delay(25);
  assert.deepEqual(pids.filter(isAlive), []);
  rmSync(home, { recursive: true });
}

/** Somebody else may have to collect it first; what no longer runs is dead. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
