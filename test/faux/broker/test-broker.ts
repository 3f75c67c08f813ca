// A real broker in a state directory of its own, with a gateway that does whatever a test tells it to: it runs code that
// is sent to it, as a gateway would that somebody has taken over.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createAuditWriter } from "../../../src/audit/audit.ts";
import { sha256 } from "../../../src/base/ids.ts";
import { openLogWriter } from "../../../src/audit/writer/log-writer.ts";
import { createBroker, findBwrap } from "../../../src/broker/broker.ts";
import { createBrokerEgress } from "../../../src/egress/route/route.ts";
import type { Broker, BrokerOptions, Ceiling } from "../../../src/broker/broker.ts";
import { createRedactor } from "../../../src/dlp/dlp.ts";
import { ensureGatewayToken } from "../../../src/vault/vault.ts";
import type { FileVault } from "../../../src/vault/vault.ts";
import { openTestVault } from "../vault/test-vault.ts";

const root = resolve(import.meta.dirname, "../../..");
const clock = { now: () => Date.now() };

export const unusedCells: BrokerOptions["cells"] = {
  status: () => ({ kind: "off", reason: "no cells in this test", fix: "none", walls: [] }),
  workspaceOf: () => ({ ok: true, value: "/nowhere" }),
  run: unused,
  control: unused,
  read: unused,
  write: unused,
  close: async () => undefined,
};

const unusedConfig: BrokerOptions["config"] = {
  view: unused,
  edit: unused,
  history: unused,
  rollback: unused,
  status: () => ({ hashOnDisk: null, hashRunning: null, restartNeeded: [], notices: [] }),
};

const noSides = { more: {}, guards: [], areas: {} as BrokerOptions["areas"] };

export type TestBroker = {
  readonly broker: Broker;
  readonly vault: FileVault;
  readonly stateDir: string;
  readonly token: string;
  readonly logPath: string;
  readonly provider: { readonly port: number; readonly seen: IncomingMessage["headers"][] };
  /** Runs a function body inside the gateway, with `link`, `call`, `fs`, `net`, `os` in reach; answers what it returns. */
  inGateway(code: string): Promise<unknown>;
  /** The pids of the gateway's process and everything below it, as the host sees them. */
  gatewayPids(): readonly number[];
  close(): Promise<void>;
};

export async function createTestBroker(change: Partial<BrokerOptions> = {}): Promise<TestBroker> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "lorica-broker-")));
  const folders = makeFolders(home);
  const provider = await openProvider();
  const vault = await openTestVault({ path: join(folders.credentials, "vault.age"), clock, given: new Map() });
  const token = await ensureGatewayToken(vault);
  const redactor = createRedactor({ values: () => vault.values(), patterns: [] });
  const log = openLogWriter({
    path: join(folders.logs, "gateway.jsonl"),
    maxBytes: 1_000_000,
    maxFiles: 2,
    settings: { level: "debug", consoleLevel: "silent", consoleStyle: "json" },
    redactor,
    clock,
    print: () => undefined,
  });
  const baseUrl = `http://127.0.0.1:${provider.port}/v1`;
  const ceiling: Ceiling = {
    channels: new Map(),
    providers: new Map([["test", { baseUrl, credential: "bearer", secret: "provider:test", ownerNamed: true }]]),
    agents: new Map([["main", { workspace: folders.workspace, access: "rw" }]]),
  };
  const broker = createBroker({
    ...noSides,
    version: "0.0.0-test",
    profile: undefined,
    paths: folders,
    config: unusedConfig,
    vault,
    pages: () => ["http://127.0.0.1:1/"],
    egress: createBrokerEgress({ ceiling: () => ceiling, readSecret: vault.read }),
    cells: unusedCells,
    probed: Promise.resolve(),
    ceiling: () => ceiling,
    channelRoute: () => undefined,
    defaultModel: () => "test/m",
    onSecretsChanged: async () => redactor.refresh(),
    log,
    auditWriter: createAuditWriter({
      clock,
      write: () => undefined,
      writeCommand: () => undefined,
      redact: redactor.redact,
    }),
    clock,
    root: "refuse root",
    folders: folders.gateway,
    bwrap: findBwrap(),
    argv: [join(folders.gateway.code, "lorica.mjs"), "gateway-child"],
    listen: () => [{ host: "127.0.0.1", port: 0 }],
    settings: async () => ({ tokenHash: sha256(await ensureGatewayToken(vault)) }),
    ...change,
  });
  return {
    broker,
    vault,
    stateDir: folders.stateDir,
    token,
    logPath: log.path,
    provider,
    inGateway: async (text) => await postCode(broker.status().listen?.port ?? 0, text),
    gatewayPids: () => below(broker.status().gateway.pid ?? 0),
    async close() {
      await broker.stop(0);
      provider.close();
      log.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function makeFolders(home: string) {
  const stateDir = join(home, "state-dir");
  const make = (name: string): string => {
    mkdirSync(join(stateDir, name), { recursive: true, mode: 0o700 });
    return join(stateDir, name);
  };
  const credentials = make("credentials");
  const run = make("run");
  const logs = make("logs");
  const workspace = make("workspace");
  const configPath = join(stateDir, "openclaw.json");
  writeFileSync(configPath, "{}", { mode: 0o600 });
  return {
    stateDir,
    credentials,
    logs,
    workspace,
    configPath,
    ownerSocket: join(run, "owner.sock"),
    gatewaySocket: join(run, "gateway.sock"),
    gateway: {
      code: makeCode(join(home, "code")),
      node: realpathSync(process.execPath),
      writable: ["state", "media", "agents", "cache/gateway"].map(make),
      hidden: [credentials, run, logs, workspace, configPath],
    },
  };
}

/** A program folder whose entry is the test's own, and whose parts are the product's. */
function makeCode(code: string): string {
  mkdirSync(code);
  for (const part of ["src", "node_modules", "package.json"]) symlinkSync(join(root, part), join(code, part));
  writeFileSync(join(code, "lorica.mjs"), gatewayProgram);
  return code;
}

const gatewayProgram = `
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import { openBrokerLink, gatewayDescriptors } from "./src/broker/client.ts";
const never = new AbortController().signal;
let settings;
const http_ = http.createServer((request, response) => {
  let text = "";
  request.on("data", (chunk) => (text += chunk));
  request.on("end", async () => {
    try {
      const run = new Function("env", "return (async () => { const { link, call, read, fs, net, os, settings } = env;" + text + "})()");
      response.end(JSON.stringify({ value: (await run({ link, call, read, fs, net, os, settings })) ?? null }));
    } catch (error) {
      response.end(JSON.stringify({ error: error.code ?? error.name, message: error.message }));
    }
  });
});
const call = (method, params, body) => link.call({ method, params, body }, never);
const read = async (body) => { let text = ""; for await (const chunk of body) text += Buffer.from(chunk); return text; };
const link = openBrokerLink(new net.Socket({ fd: gatewayDescriptors.link, readable: true, writable: true }), {
  async start(given) {
    settings = given;
    await new Promise((done) => http_.listen({ fd: gatewayDescriptors.firstHttp }, done));
    await new Promise((done) => net.createServer((socket) => socket.end("gateway")).listen({ fd: gatewayDescriptors.socket }, done));
    console.log(JSON.stringify({ level: "info", msg: "fake gateway started" }));
  },
  async configure(given) { settings = given; },
  async stop() { setImmediate(() => process.exit(0)); },
  hear() {},
  onInternalError(error) { console.error(error); },
});
link.closed.addEventListener("abort", () => process.exit(1));
`;

async function openProvider(): Promise<TestBroker["provider"] & { close(): void }> {
  const seen: IncomingMessage["headers"][] = [];
  const server = createServer((incoming, response) => {
    seen.push(incoming.headers);
    incoming.resume();
    response.end(JSON.stringify({ data: [{ id: "m" }] }));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function postCode(port: number, code: string): Promise<unknown> {
  const text = await new Promise<string>((done, fail) => {
    const outgoing = request({ host: "127.0.0.1", port, method: "POST", agent: false }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => done(body));
      response.on("error", fail);
    });
    outgoing.on("error", fail);
    outgoing.end(code);
  });
  const answer = JSON.parse(text) as { value?: unknown; error?: string; message?: string };
  return answer.error === undefined ? answer.value : { error: answer.error, message: answer.message };
}

export function below(pid: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    const found = parentOf(name);
    if (found !== undefined) parents.set(Number(name), found);
  }
  const tree = [pid];
  for (const each of tree) for (const [child, parent] of parents) if (parent === each) tree.push(child);
  return tree;
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

async function unused(): Promise<never> {
  throw new Error("not part of this test");
}

export function pssKb(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
}
