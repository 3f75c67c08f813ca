// What every bench needs: a gateway of its own on a state directory of its own, a model server that answers at once,
// and figures printed one a line with the limit they are held to.
import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { nodeEnvironment, nodeFlags } from "../src/base/limits.ts";

export const root = resolve(import.meta.dirname, "..");
const readyTimeoutMs = 20_000;
const pollMs = 3;

export type Gateway = {
  readonly port: number;
  readonly token: string;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly pid: number;
  /** Milliseconds from the start of the process to the first answer of /health. */
  readonly readyMs: number;
  stop(): Promise<void>;
};

export type GatewayOptions = {
  readonly config?: Readonly<Record<string, unknown>>;
  /** Used again where given, so that a second start is a warm one. */
  readonly home?: string;
};

export function createHome(): string {
  return mkdtempSync(join(tmpdir(), "lorica-bench-"));
}

/** Compiles ahead, as `lorica up`, the service and root's copy of the program do before the first start. */
export function compileAhead(home: string): void {
  const env = { ...nodeEnvironment, PATH: process.env["PATH"], HOME: home };
  execFileSync(process.execPath, [...nodeFlags, join(root, "lorica.mjs"), "warm-up"], { env, stdio: "inherit" });
}

export function removeHome(home: string): void {
  rmSync(home, { recursive: true, force: true });
}

export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  if (process.getuid?.() === 0) throw new Error("run the benches as an ordinary user: the product never runs as root");
  const home = options.home ?? createHome();
  const port = await freePort();
  const token = randomBytes(32).toString("hex");
  const env = { ...nodeEnvironment, PATH: process.env["PATH"], HOME: home, OPENCLAW_GATEWAY_TOKEN: token };
  const stateDir = join(home, ".openclaw");
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const config = { gateway: { http: { endpoints: { chatCompletions: { enabled: true } } } }, ...options.config };
  writeFileSync(join(stateDir, "openclaw.json"), JSON.stringify(config), { mode: 0o600 });
  const started = performance.now();
  const words = [...nodeFlags, join(root, "lorica.mjs"), "gateway", "run", "--port", String(port)];
  const child = spawn(process.execPath, words, {
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  await untilAnswering(`http://127.0.0.1:${port}/health`, { child, timeoutMs: readyTimeoutMs });
  const readyMs = performance.now() - started;
  return { port, token, home, env, pid: child.pid ?? 0, readyMs, stop: () => stopChild(child) };
}

/** Asks until there is a good answer; throws where the process ends or the time is over. */
export async function untilAnswering(
  url: string,
  { child, timeoutMs }: { readonly child: ChildProcess; readonly timeoutMs: number },
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}`);
    // While it is not listening there is no answer at all.
    const response = await fetch(url).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok === true) return;
    await new Promise((done) => setTimeout(done, pollMs));
  }
  child.kill("SIGKILL");
  throw new Error(`nothing good at ${url} within ${timeoutMs} ms`);
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await ended;
}

export async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** Runs `lorica <words>` against a gateway and answers what it printed. */
export async function cli(gateway: Pick<Gateway, "env">, words: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [join(root, "lorica.mjs"), ...words], {
    env: gateway.env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  const code = await new Promise((done) => child.once("close", done));
  if (code !== 0) throw new Error(`lorica ${words.join(" ")} ended with ${String(code)}: ${printed}`);
  return printed;
}

export type ModelServer = {
  readonly baseUrl: string;
  /** The body of the last request. */
  lastRequest(): string;
  close(): Promise<void>;
};

/** Speaks the chat-completions wire and answers every request at once with one short word. */
export async function startInstantModel(): Promise<ModelServer> {
  let last = "";
  const answer = instantAnswer();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      last = Buffer.concat(parts).toString("utf8");
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(answer);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    lastRequest: () => last,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

function instantAnswer(): string {
  const chunk = (delta: object, finish: string | null): object => ({
    id: "c",
    object: "chat.completion.chunk",
    created: 0,
    model: "m",
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const usage = { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 };
  const chunks = [chunk({ role: "assistant", content: "ok" }, null), { ...chunk({}, "stop"), usage }];
  return `${chunks.map((one) => `data: ${JSON.stringify(one)}\n\n`).join("")}data: [DONE]\n\n`;
}

/** A config whose only model is at `baseUrl`. */
export function configFor(baseUrl: string): Readonly<Record<string, unknown>> {
  const instant = { baseUrl, api: "openai-completions", models: [{ id: "m", contextWindow: 128_000 }] };
  return { models: { providers: { instant } }, agents: { defaults: { model: { primary: "instant/m" } } } };
}

/** One turn over HTTP in a named session; answers the reply's text. */
export async function turn(gateway: Pick<Gateway, "port" | "token">, session: string, text: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${gateway.port}/v1/chat/completions`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${gateway.token}`,
      "content-type": "application/json",
      "x-openclaw-session-key": session,
    },
    body: JSON.stringify({ model: "openclaw", messages: [{ role: "user", content: text }] }),
  });
  const body = (await response.json()) as { choices?: { message: { content: string } }[] };
  const reply = body.choices?.[0]?.message.content;
  if (reply === undefined) throw new Error(`${response.status}: ${JSON.stringify(body)}`);
  return reply;
}

/** The process and all its descendants. */
export function processTree(pid: number): readonly number[] {
  const children = Map.groupBy(readProcesses(), ([, parent]) => parent);
  const found = [pid];
  for (let at = 0; at < found.length; at++) {
    found.push(...(children.get(found[at] ?? 0) ?? []).map(([child]) => child));
  }
  return found;
}

/** Every process with its parent. */
function readProcesses(): readonly (readonly [number, number])[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = readIfThere(`/proc/${name}/stat`);
      const parent = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
      return parent === undefined ? [] : [[Number(name), Number(parent)] as const];
    });
}

/** Proportional set size of a process and its descendants, in megabytes (10⁶ bytes). */
export function memoryMb(pid: number): number {
  const kib = processTree(pid)
    .map((one) => Number(/^Pss:\s+(\d+)/m.exec(readIfThere(`/proc/${one}/smaps_rollup`))?.[1] ?? atMostKib(one)))
    .reduce((sum, one) => sum + one, 0);
  return (kib * 1024) / 1e6;
}

/** Of a process whose memory is nobody's to read: what it has in common with others, it has in common with one at least. */
function atMostKib(pid: number): number {
  const [, resident = 0, shared = 0] = readIfThere(`/proc/${pid}/statm`).split(" ").map(Number);
  return (resident - shared / 2) * 4;
}

/** Empty for a process that ended while we looked. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Prints one figure and, where it is held to a limit, whether it holds. */
export function figure(
  name: string,
  measured: readonly [value: number, unit: string],
  bound: { readonly atMost?: number; readonly atLeast?: number } = {},
): void {
  const [value, unit] = measured;
  const { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY } = bound;
  const held = value <= atMost && value >= atLeast;
  const limits = [bound.atMost === undefined ? "" : `≤ ${atMost}`, bound.atLeast === undefined ? "" : `≥ ${atLeast}`];
  const limit = limits.join("");
  const verdict = limit === "" ? "" : held ? "held" : "MISSED";
  const shown = value.toFixed(value < 10 ? 2 : 1).padStart(9);
  process.stdout.write(`${name.padEnd(58)} ${shown} ${unit.padEnd(8)} ${limit.padEnd(8)} ${verdict}\n`);
  if (!held) process.exitCode = 1;
}
