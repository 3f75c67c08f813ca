// What the broker promises of its gateway, tried from inside of the gateway and from the host around it. Each act that
// must fail inside is done outside too, where it must succeed.
import assert from "node:assert/strict";
import { existsSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join, relative, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createTestBroker, pssKb } from "./test-broker.ts";
import type { TestBroker } from "./test-broker.ts";

const root = resolve(import.meta.dirname, "../../..");

const fetchCode = (port: number, path = "/v1/models", extra = ""): string => `
  const action = { verb: "model.request", agentId: "main", sessionKey: "s",
    principal: { id: "owner", kind: "owner", account: "default" }, label: { integrity: "owner", readers: ["owner"] },
    resource: { provider: "test", method: "GET", url: "http://127.0.0.1:${port}${path}" } };
  const params = { nonce: crypto.randomUUID(), action, headers: {} };
  ${extra}
  const answer = await call("model.fetch", params);
  return { status: answer.result.status, text: await read(answer.body) };
`;

async function withBroker(run: (test: TestBroker) => Promise<void>): Promise<void> {
  const test = await createTestBroker();
  try {
    await test.broker.start();
    await run(test);
  } catch (error) {
    process.stderr.write(existsSync(test.logPath) ? readFileSync(test.logPath, "utf8") : "");
    throw error;
  } finally {
    await test.close();
  }
}

export async function confined(): Promise<void> {
  await withBroker(async (test) => {
    assert.deepEqual(
      test.broker.status().gateway.confinement,
      "bwrap",
      String(test.broker.status().gateway.confinementReason),
    );
  });
}

export async function keyStaysOut(): Promise<void> {
  await withBroker(async (test) => {
    // Never a literal in a file that the gateway could have open.
    const key = `planted-${Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString("hex")}`;
    await test.vault.write("provider:test", key);
    for (let turn = 0; turn < 20; turn++)
      assert.deepEqual(await test.inGateway(fetchCode(test.provider.port)), {
        status: 200,
        text: '{"data":[{"id":"m"}]}',
      });
    assert.equal(test.provider.seen.length, 20);
    for (const headers of test.provider.seen) assert.equal(headers.authorization, `Bearer ${key}`);
    const marker = await test.inGateway('globalThis.marker = "found-" + "in-" + "memory"; return globalThis.marker');
    const pids = test.gatewayPids();
    assert.ok(pids.length >= 2, "bubblewrap and node");
    assert.ok(memoryHolds(process.pid, key), "the broker's memory has the key");
    assert.ok(
      pids.some((pid) => memoryHolds(pid, String(marker))),
      "the gateway's memory can be searched",
    );
    for (const secret of [key, test.token]) {
      for (const pid of pids) {
        assert.ok(!memoryHolds(pid, secret), `a secret is in the memory of ${pid}`);
        assert.ok(!readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(secret));
        assert.ok(!readFileSync(`/proc/${pid}/environ`, "latin1").includes(secret));
      }
    }
    const environment = await test.inGateway("return Object.keys(process.env).sort()");
    assert.deepEqual(environment, ["MALLOC_ARENA_MAX", "PWD", "TZ"]);
  });
}

export async function noWayOut(): Promise<void> {
  await withBroker(async (test) => {
    const { port } = test.provider;
    const ownerSocket = join(test.stateDir, "run", "owner.sock");
    const secrets = join(test.stateDir, "credentials", "vault.age");
    const config = join(test.stateDir, "openclaw.json");
    const dial = (target: string): string => `
      return await new Promise((done) => {
        const socket = net.connect(${target});
        socket.on("connect", () => done("connected"));
        socket.on("error", (error) => done(error.code));
      });`;
    assert.equal(await dialHere({ host: "127.0.0.1", port }), "connected");
    assert.match(String(await test.inGateway(dial(`{ host: "127.0.0.1", port: ${port} }`))), /^ECONNREFUSED$/);
    assert.match(String(await test.inGateway(dial('{ host: "192.0.2.1", port: 80 }'))), /^ENETUNREACH$/);
    assert.match(
      String(await test.inGateway(dial('{ host: "localhost.localdomain.test", port: 80 }'))),
      /^(EAI_AGAIN|ENOTFOUND)$/,
    );
    assert.equal(await dialHere({ path: ownerSocket }), "connected");
    assert.match(
      String(await test.inGateway(dial(`{ path: ${JSON.stringify(ownerSocket)} }`))),
      /^(EAFNOSUPPORT|ENOENT|EACCES)$/,
    );
    for (const path of [secrets, config, test.logPath, join(test.stateDir, "workspace"), "/etc/passwd", "/bin/sh"]) {
      assert.ok(existsSync(path), path);
      assert.equal(await test.inGateway(`return fs.existsSync(${JSON.stringify(path)})`), false, path);
    }
    // Where the program itself lies in a home, its folder is there and nothing beside it.
    for (const home of ["/home", "/root"]) {
      const seen = await test.inGateway(`return fs.existsSync("${home}") ? fs.readdirSync("${home}") : []`);
      assert.deepEqual(seen, relative(home, root).startsWith("..") ? [] : [relative(home, root).split("/")[0]], home);
    }
    process.kill(process.pid, 0);
    const look = `
      const pids = fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).map(Number);
      let signal = "delivered";
      try { process.kill(${process.pid}, 0); } catch (error) { signal = error.code; }
      return { count: pids.length, signal, status: fs.existsSync("/proc/${process.pid}/status") && pids.includes(${process.pid}) };`;
    const seen = (await test.inGateway(look)) as { count: number; signal: string; status: boolean };
    assert.ok(seen.count <= 3, `${seen.count} processes are visible`);
    assert.deepEqual({ ...seen, count: 0 }, { count: 0, signal: "ESRCH", status: false });
    const write = (path: string): string => `
      try { fs.writeFileSync(${JSON.stringify(path)}, "x"); return "written"; } catch (error) { return error.code; }`;
    assert.equal(await test.inGateway(write(join(test.stateDir, "state", "probe"))), "written");
    assert.equal(statSync(join(test.stateDir, "state", "probe")).size, 1);
    assert.match(String(await test.inGateway(write("/usr/lib/probe"))), /^(EROFS|EACCES)$/);
    // Where its own folder for temporary files hides the real one, it may write; the host has nothing of it.
    await test.inGateway(write(join(test.stateDir, "probe")));
    assert.equal(existsSync(join(test.stateDir, "probe")), false);
    const child = `const { spawnSync } = await import("node:child_process");
      return spawnSync(process.execPath, ["-e", "process.stdout.write('ran')"]).stdout?.toString() ?? "none";`;
    assert.ok(["ran", "none"].includes(String(await test.inGateway(child))));
  });
}

export async function ceilingHolds(): Promise<void> {
  await withBroker(async (test) => {
    await test.vault.write("provider:test", "key-for-the-ceiling");
    const { port } = test.provider;
    const refused = async (extra: string, path?: string): Promise<unknown> => {
      const answer = (await test.inGateway(fetchCode(port, path, extra))) as { error?: string };
      return answer.error;
    };
    assert.equal(await refused(""), undefined);
    assert.equal(await refused("", "/admin"), "forbidden");
    assert.equal(await refused('action.resource.url = "http://127.0.0.1:1/v1/models"'), "forbidden");
    assert.equal(await refused('action.resource.url = "http://169.254.169.254/v1/models"'), "forbidden");
    assert.equal(await refused('action.resource.provider = "other"'), "forbidden");
    assert.equal(await refused('action.agentId = "other"'), "forbidden");
    assert.equal(await refused('action.resource.method = "DELETE"'), "invalid_request");
    assert.equal(await refused('action.verb = "file.read"'), "invalid_request");
    assert.equal(await refused("delete params.nonce"), "forbidden");
    assert.equal(await refused('await read((await call("model.fetch", params)).body)'), "forbidden");
    assert.equal(test.provider.seen.length, 2);
    const asks: readonly (readonly [string, string, string])[] = [
      ["workspace.read", '{ agentId: "other", names: ["AGENTS.md"] }', "forbidden"],
      ["sandbox.run", '{ nonce: crypto.randomUUID(), action: { verb: "process.run" } }', "invalid_request"],
      ["config.set", "{}", "forbidden"],
      ["vault.list", "{}", "forbidden"],
      ["token.show", "{}", "forbidden"],
      ["__proto__", "{}", "forbidden"],
      ["model.fetch", "null", "invalid_request"],
    ];
    for (const [method, params, code] of asks) {
      const answer = (await test.inGateway(`return await call(${JSON.stringify(method)}, ${params})`)) as {
        error?: string;
      };
      assert.equal(answer.error, code, method);
    }
  });
}

export async function comesBack(): Promise<void> {
  await withBroker(async (test) => {
    const first = test.gatewayPids();
    const victim = first.at(-1) ?? 0;
    process.kill(victim, "SIGKILL");
    await until(() => test.broker.status().gateway.restarts === 1 && test.broker.status().gateway.state === "running");
    assert.ok(!test.gatewayPids().some((pid) => first.includes(pid)));
    assert.equal(await test.inGateway("return 1"), 1);
    assert.equal(await readSocket(join(test.stateDir, "run", "gateway.sock")), "gateway");
    // Bytes that are no frames end the gateway, and not the broker.
    await test.inGateway('fs.writeSync(4, "GET / HTTP/1.1\\r\\n\\r\\n")').catch(() => undefined);
    await until(() => test.broker.status().gateway.restarts === 2 && test.broker.status().gateway.state === "running");
    assert.equal(await test.inGateway("return 2"), 2);
    const huge = "const head = Buffer.alloc(9); head.writeUInt32BE(0xffffffff); head[4] = 1; fs.writeSync(4, head)";
    await test.inGateway(huge).catch(() => undefined);
    await until(() => test.broker.status().gateway.restarts === 3 && test.broker.status().gateway.state === "running");
    assert.match(readFileSync(test.logPath, "utf8"), /the gateway process ended by itself/);
  });
}

export async function stopsInOrder(): Promise<void> {
  const test = await createTestBroker();
  await test.broker.start();
  const stubborn = test.gatewayPids();
  // A gateway that neither answers nor obeys.
  await test.inGateway('setImmediate(() => { process.on("SIGTERM", () => {}); for (;;) {} }); return 1');
  const startedAt = Date.now();
  await test.close();
  assert.ok(Date.now() - startedAt < 10_000);
  await until(() => stubborn.every((pid) => !existsSync(`/proc/${pid}`)));
}

export async function listensPrivately(): Promise<void> {
  await withBroker(async (test) => {
    for (const name of ["owner.sock", "gateway.sock"])
      assert.equal(statSync(join(test.stateDir, "run", name)).mode & 0o777, 0o600, name);
    assert.match(readFileSync(test.logPath, "utf8"), /"source":"gateway","msg":"fake gateway started"/);
  });
}

export async function measures(): Promise<void> {
  await withBroker(async (test) => {
    await delay(1_000);
    const gateway = test.gatewayPids().map(pssKb);
    process.stderr.write(`PSS kB: broker ${pssKb(process.pid)}, gateway ${gateway.join(" + ")}\n`);
    const times: number[] = [];
    await test.inGateway('for (let i = 0; i < 200; i++) await call("sandbox.status", {})');
    const roundTrip = await test.inGateway(
      'const at = performance.now(); for (let i = 0; i < 1000; i++) await call("sandbox.status", {}); return performance.now() - at',
    );
    process.stderr.write(`link round trip: ${Number(roundTrip)} µs\n`);
    for (let turn = 0; turn < 50; turn++) {
      const code = fetchCode(test.provider.port).replace("const answer", "const at = performance.now(); const answer");
      times.push(
        Number(
          await test.inGateway(
            code.replace(/return \{.*$/m, "await read(answer.body); return performance.now() - at;"),
          ),
        ),
      );
    }
    const sorted = times.toSorted((left, right) => left - right);
    process.stderr.write(`fetch through the broker: p50 ${sorted[25]} ms, min ${sorted[0]} ms\n`);
  });
}

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 400; turn++) {
    if (holds()) return;
    await delay(25);
  }
  assert.fail(`it did not happen: ${String(holds)}`);
}

async function dialHere(
  target: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<string> {
  return await new Promise((done) => {
    const socket = connect(target, () => {
      socket.destroy();
      done("connected");
    });
    socket.on("error", (error: NodeJS.ErrnoException) => done(error.code ?? "error"));
  });
}

async function readSocket(path: string): Promise<string> {
  return await new Promise((done, fail) => {
    let text = "";
    const socket = connect({ path });
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.on("end", () => done(text));
    socket.on("error", fail);
  });
}

/** What a debugger would see: every readable mapping of a process, searched for a text in UTF-8 and in UTF-16. */
function memoryHolds(pid: number, text: string): boolean {
  const needles = [Buffer.from(text), Buffer.from(text, "utf16le")];
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const maps = readFileSync(`/proc/${pid}/maps`, "utf8").split("\n");
  const step = 16 * 1_048_576;
  for (const line of maps) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \d+\s*(.*)$/.exec(line);
    if (range === null || range[3]?.startsWith("[v") === true) continue;
    const end = Number.parseInt(range[2] ?? "0", 16);
    for (let at = Number.parseInt(range[1] ?? "0", 16); at < end; at += step - 256) {
      const piece = Buffer.alloc(Math.min(step, end - at));
      let read = 0;
      try {
        read = readSync(memory, piece, 0, piece.length, at);
      } catch {
        // Reserved address space without memory behind it.
        break;
      }
      if (needles.some((needle) => piece.subarray(0, read).includes(needle))) return true;
    }
  }
  return false;
}
