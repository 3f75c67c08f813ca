import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import type { BrokerOptions } from "../../src/cli/cli.ts";
import { createCommandLine } from "../faux/command-line.ts";
import type { CommandLine } from "../faux/command-line.ts";

let line: CommandLine;
let http: Server;
let healthy = true;

before(async () => {
  http = createServer((_request, response) => void response.writeHead(healthy ? 200 : 503).end("{}"));
  await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
});
after(async () => {
  http.closeAllConnections();
  await new Promise((done) => http.close(done));
});
beforeEach((context) => {
  line = createCommandLine();
  healthy = true;
  if ("after" in context) context.after(() => line.close());
});

function statusOf(change: Record<string, unknown> = {}): unknown {
  const { port } = http.address() as AddressInfo;
  return {
    version: "1",
    pid: 41,
    uptimeMs: 60_000,
    profile: null,
    paths: {
      state: line.stateDir,
      config: `${line.stateDir}/openclaw.json`,
      workspace: `${line.stateDir}/workspace`,
      log: `${line.stateDir}/logs/gateway.jsonl`,
    },
    config: { hashOnDisk: "a", hashRunning: "a", restartNeeded: [] },
    gateway: { state: "running", pid: 42, restarts: 0, confinement: "bwrap", confinementReason: null },
    listen: { host: "127.0.0.1", port },
    sandbox: { state: "verified", reason: null, fix: null, walls: [] },
    parts: [],
    notices: [],
    ...change,
  };
}

const gatewayStatus = {
  runtimeVersion: "1",
  uptimeMs: 59_000,
  phase: "accepting",
  defaultAgentId: "main",
  agents: [{ id: "main", kind: "agent", name: "main" }],
  sessions: { count: 2, defaults: { modelProvider: "rehearsal", model: "rehearsal", contextTokens: 1 } },
  runs: { active: 0, sessions: 0 },
  sandbox: { state: "verified", walls: [] },
  connections: { sockets: 1, http: 0 },
  processMemory: { rssBytes: 1_048_576, heapUsedBytes: 1 },
  dangers: ["`gateway.bind` is `lan`."],
};

async function stateOf(): Promise<[string, number]> {
  const { stdout, exit } = await line.run(["gateway", "status", "--json"]);
  return [(JSON.parse(stdout) as { state: string }).state, exit];
}

test("CLI-084 not running", async () => {
  assert.deepEqual(await stateOf(), ["not_running", 7]);
});

test("CLI-024 CLI-084 running: process, listener and effective address", async () => {
  await line.serve("owner.sock", { "owner.status": () => statusOf() });
  await line.serve("gateway.sock", { health: () => ({ ok: true }) });
  assert.deepEqual(await stateOf(), ["running", 0]);
  const { stdout } = await line.run(["gateway", "status"]);
  const { port } = http.address() as AddressInfo;
  assert.equal(
    stdout,
    [
      "running: pid 41, listening and answering",
      "  service     not installed",
      "  broker      pid 41",
      "  gateway     running, pid 42, 0 restarts",
      "  confined    yes (bubblewrap)",
      `  listens on  127.0.0.1:${port}`,
      `  config      ${line.stateDir}/openclaw.json`.slice(0, 99),
      `  state       ${line.stateDir}`,
      "",
    ].join("\n"),
  );
});

test("CLI-084 running, but not listening", async () => {
  const gateway = { state: "restarting", pid: null, restarts: 3, confinement: "bwrap", confinementReason: null };
  await line.serve("owner.sock", { "owner.status": () => statusOf({ gateway, listen: null }) });
  assert.deepEqual(await stateOf(), ["not_listening", 7]);
});

test("CLI-084 listening, but the probe fails: on the socket, or on the port", async () => {
  await line.serve("owner.sock", { "owner.status": () => statusOf() });
  assert.deepEqual(await stateOf(), ["probe_failed", 7]);
  await line.serve("gateway.sock", { health: () => ({ ok: true }) });
  healthy = false;
  assert.deepEqual(await stateOf(), ["probe_failed", 7]);
  const unprobed = await line.run(["gateway", "status", "--no-probe"]);
  assert.equal(unprobed.exit, 0);
});

test("CLI-084 what answers belongs to another config, or runs on an older one", async () => {
  let change: Record<string, unknown> = { config: { hashOnDisk: "b", hashRunning: "a", restartNeeded: [] } };
  await line.serve("owner.sock", { "owner.status": () => statusOf(change) });
  await line.serve("gateway.sock", { health: () => ({ ok: true }) });
  assert.deepEqual(await stateOf(), ["config_mismatch", 6]);
  change = { config: { hashOnDisk: "b", hashRunning: "b", restartNeeded: ["gateway.port"] } };
  assert.deepEqual(await stateOf(), ["config_mismatch", 6]);
  change = { paths: { state: "/elsewhere", config: "/elsewhere/openclaw.json", workspace: "", log: "" } };
  assert.deepEqual(await stateOf(), ["config_mismatch", 6]);
});

test("CLI-019 CLI-020 CLI-022 gateway, gateway run and --foreground run it here; --port outranks the config", async () => {
  const started: BrokerOptions[] = [];
  Object.assign(line.overrides, { runBroker: async (options: BrokerOptions) => void started.push(options) });
  for (const words of ["gateway", "gateway run", "gateway --foreground", "up --foreground"])
    assert.equal((await line.run(words.split(" "))).exit, 0, words);
  await line.run("gateway --port 19000 --verbose".split(" "));
  await line.run("gateway run --port=19000 --bind loopback --auth token".split(" "));
  await line.run("gateway run --bind lan --tailscale serve".split(" "));
  assert.deepEqual(
    started.map((options) => options.overrides),
    [
      { verbose: false },
      { verbose: false },
      { verbose: false },
      { verbose: false },
      { port: 19_000, verbose: true },
      { port: 19_000, bind: "loopback", verbose: false },
      { bind: "lan", tailscale: "serve", verbose: false },
    ],
  );
  assert.equal(started[0]?.paths.stateDir, line.stateDir);
});

test("CLI-023 every flag of gateway run is understood: it holds, has no effect by design, or is refused with the reason", async () => {
  const started: BrokerOptions[] = [];
  Object.assign(line.overrides, { runBroker: async (options: BrokerOptions) => void started.push(options) });
  const quiet = "gateway run --allow-unconfigured --ws-log full --compact --claude-cli-logs --tailscale off";
  assert.equal((await line.run(quiet.split(" "))).exit, 0);
  const refused: [string, number][] = [
    ["--token x", 2],
    ["--password x", 2],
    ["--force", 2],
    ["--reset", 2],
    ["--raw-stream", 2],
    ["--raw-stream-path /tmp/x --raw-stream", 2],
    ["--auth password", 2],
  ];
  for (const [flags, exit] of refused) {
    const ran = await line.run(["gateway", "run", ...flags.split(" ")]);
    assert.deepEqual([flags, ran.exit], [flags, exit]);
  }
  assert.equal(started.length, 1);
});

test("a restart leaves a gateway alone whose config would not let it start again", async () => {
  const called: string[] = [];
  const view = {
    path: "p",
    exists: true,
    hash: "h",
    value: null,
    valid: false,
    issues: ["p:3: no such key"],
    notices: [],
  };
  await line.serve("owner.sock", {
    "config.get": () => view,
    "gateway.stop": () => void called.push("stop"),
  });
  const { exit, stderr } = await line.run(["gateway", "restart"]);
  assert.equal(exit, 78);
  assert.match(stderr, /the running gateway was left alone:\np:3: no such key/);
  assert.deepEqual(called, []);
});

test("up waits for a gateway that somebody else is just starting, and starts no second one", async () => {
  let asked = 0;
  await line.serve("owner.sock", {
    "owner.status": () => {
      asked += 1;
      return statusOf();
    },
  });
  const upRan = line.run(["up", "--json"]);
  await new Promise((done) => setTimeout(done, 20));
  assert.equal(asked, 0);
  await line.serve("gateway.sock", { health: () => ({ ok: true }), status: () => gatewayStatus });
  const { exit, stdout } = await upRan;
  assert.equal(exit, 0);
  assert.equal((JSON.parse(stdout) as { started: boolean }).started, false);
});

test("up prints a sign-in link where a person reads it, and mints none for a program or a log", async () => {
  let minted = 0;
  await line.serve("owner.sock", {
    "owner.status": () => statusOf(),
    "dashboard.link": () => {
      minted += 1;
      if (minted > 1) throw new LoricaError("unavailable", "there is no page to open");
      return { url: "http://127.0.0.1:1/#code=c0de", expiresAt: 0, alternatives: [] };
    },
  });
  await line.serve("gateway.sock", { health: () => ({ ok: true }), status: () => gatewayStatus });
  assert.match((await line.run(["up"])).stdout, /page +for a link that signs a browser in: lorica dashboard\n/);
  await line.run(["up", "--json"]);
  assert.equal(minted, 0);
  assert.match((await line.run(["up"], { terminal: true })).stdout, /page +http:\/\/127\.0\.0\.1:1\/#code=c0de\n/);
  const without = await line.run(["up"], { terminal: true });
  assert.deepEqual([without.exit, /page +there is no page to open/.test(without.stdout)], [0, true]);
});

test("stopping what does not run is no error", async () => {
  assert.deepEqual(await line.run(["gateway", "stop"]), { exit: 0, stdout: "no gateway was running\n", stderr: "" });
});

test("CLI-030 CLI-031 CLI-032 status says what runs; --all says everything, without the home folder's name", async () => {
  const totals = {
    input: 5,
    output: 6,
    cacheRead: 0,
    cacheWrite: 0,
    totalTokens: 11,
    totalCost: 0,
    missingCostEntries: 1,
  };
  await line.serve("owner.sock", { "owner.status": () => statusOf({ notices: ["a notice"] }) });
  await line.serve("gateway.sock", {
    status: () => gatewayStatus,
    "channels.status": () => ({
      channelOrder: ["telegram"],
      channelAccounts: { telegram: [{ accountId: "default", healthState: "connected" }] },
      warnings: ["telegram: 1 replies were cut off"],
    }),
    health: () => ({ ok: true }),
    "usage.cost": () => ({ updatedAt: 0, days: 30, daily: [], totals }),
  });
  const plain = await line.run(["status"]);
  assert.equal(plain.exit, 0);
  assert.match(plain.stdout, /^ +danger +`gateway\.bind` is `lan`\.$/m);
  assert.match(plain.stdout, /model {6}rehearsal: not an AI,/);
  assert.match(plain.stdout, /channel {4}telegram\/default connected\n +note {7}telegram: 1 replies were cut off/);
  assert.match(plain.stdout, /note {7}a notice/);
  const all = await line.run(["status", "--all"]);
  assert.match(all.stdout, /state {6}~\/.openclaw/);
  assert.match(all.stdout, /usage {6}5 tokens in, 6 out, at least \$0\.0000 \(no price known for 1\) in 30 days/);
  assert.ok(!all.stdout.includes(line.home));
  const json = await line.run(["status", "--deep", "--usage", "--timeout", "5s", "--json"]);
  assert.ok(!json.stdout.includes(line.home));
  assert.equal((JSON.parse(json.stdout) as { state: string }).state, "running");
});

test("CLI-033 health answers for a person, a program and a shell", async () => {
  const healthResult = {
    ok: true,
    ts: 1,
    durationMs: 1,
    plugins: { loaded: [], errors: [] },
    channels: {},
    channelOrder: [],
    channelLabels: {},
    defaultAgentId: "main",
    sessions: { path: "", count: 3, recent: [] },
  };
  let answer: () => unknown = () => healthResult;
  await line.serve("gateway.sock", { health: () => answer() });
  assert.deepEqual(await line.run(["health"]), { exit: 0, stdout: "ok · 3 sessions · agent main\n", stderr: "" });
  assert.deepEqual(JSON.parse((await line.run(["health", "--json", "--verbose"])).stdout), healthResult);
  answer = () => {
    throw new LoricaError("unavailable", "draining");
  };
  assert.equal((await line.run(["health"])).exit, 7);
  answer = () => new Promise(() => undefined);
  assert.equal((await line.run(["health", "--timeout", "50ms"])).exit, 9);
});
