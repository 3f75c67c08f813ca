// The same figures for Lorica and for the system whose names it keeps, in one run: `OPENCLAW_PEER=FOLDER node
// bench/upstream.ts`, where `npm install openclaw` was run in FOLDER. Without it there is nothing to compare.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  configFor,
  createHome,
  figure,
  freePort,
  memoryMb,
  percentile,
  removeHome,
  startGateway,
  startInstantModel,
  turn,
  untilAnswering,
} from "./harness.ts";
import type { ModelServer } from "./harness.ts";

type Measured = { readyMs: number; idleMb: number; turnMs: number; helloTokens: number };
type Running = { readonly port: number; readonly token: string; readonly pid: number; readonly readyMs: number };

const token = "0123456789abcdef".repeat(4);
const idleMs = 20_000;
const turns = 30;
const charactersPerToken = 4;

const peer = process.env["OPENCLAW_PEER"];
if (peer === undefined) throw new Error("set OPENCLAW_PEER to a folder in which `npm install openclaw` was run");

const theirs = await measurePeer(peer);
const ours = await measureLorica();
compare("start to ready", "ms", (one) => one.readyMs);
compare("memory (PSS of all processes), idle for 20 s", "MB", (one) => one.idleMb);
compare("a turn against an instant model, p50", "ms", (one) => one.turnMs);
compare('"hello" with default tools', "tokens", (one) => one.helloTokens);

function compare(name: string, unit: string, of: (one: Measured) => number): void {
  figure(`${name}: upstream`, [of(theirs), unit]);
  figure(`${name}: Lorica`, [of(ours), unit]);
  figure("  upstream takes", [of(theirs) / of(ours), "×"], { atLeast: 1 });
}

async function measureLorica(): Promise<Measured> {
  const model = await startInstantModel();
  const gateway = await startGateway({ config: configFor(model.baseUrl) });
  const measured = await measure(gateway, model);
  await gateway.stop();
  await model.close();
  removeHome(gateway.home);
  return measured;
}

async function measurePeer(folder: string): Promise<Measured> {
  const model = await startInstantModel();
  const home = createHome();
  const port = await freePort();
  mkdirSync(join(home, ".openclaw"), { mode: 0o700 });
  writeFileSync(join(home, ".openclaw/openclaw.json"), JSON.stringify(peerConfig(model.baseUrl, port)));
  const begun = performance.now();
  const child = spawn(process.execPath, [join(folder, "node_modules/.bin/openclaw"), "gateway", "run"], {
    env: { PATH: process.env["PATH"], HOME: home, OPENCLAW_DISABLE_BONJOUR: "1" },
    stdio: "ignore",
    detached: true,
  });
  const pid = child.pid ?? 0;
  try {
    await untilAnswering(`http://127.0.0.1:${port}/readyz`, { child, timeoutMs: 180_000 });
    return await measure({ port, token, pid, readyMs: performance.now() - begun }, model);
  } finally {
    process.kill(-pid, "SIGKILL");
    await model.close();
    removeHome(home);
  }
}

async function measure(running: Running, model: ModelServer): Promise<Measured> {
  await new Promise((done) => setTimeout(done, idleMs));
  const idleMb = memoryMb(running.pid);
  await turn(running, "bench-tokens", "hello");
  const { messages, tools = [] } = JSON.parse(model.lastRequest()) as { messages: unknown; tools?: unknown };
  const helloTokens = JSON.stringify([messages, tools]).length / charactersPerToken;
  const times: number[] = [];
  for (let index = 0; index < turns; index++) {
    const begun = performance.now();
    await turn(running, `bench-${index % 4}`, "hello");
    times.push(performance.now() - begun);
  }
  return { readyMs: running.readyMs, idleMb, turnMs: percentile(times, 0.5), helloTokens };
}

function peerConfig(baseUrl: string, port: number): object {
  const free = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  const model = {
    id: "m",
    name: "m",
    reasoning: false,
    input: ["text"],
    cost: free,
    contextWindow: 128_000,
    maxTokens: 4_096,
  };
  const instant = { baseUrl, apiKey: "unused", api: "openai-completions", models: [model] };
  return {
    gateway: {
      mode: "local",
      port,
      bind: "loopback",
      auth: { mode: "token", token },
      http: { endpoints: { chatCompletions: { enabled: true } } },
    },
    models: { providers: { instant } },
    agents: { defaults: { model: { primary: "instant/m" } } },
    discovery: { mdns: { mode: "off" } },
    update: { checkOnStart: false },
  };
}
