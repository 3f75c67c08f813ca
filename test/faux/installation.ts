// A whole Lorica on a home directory of its own, driven from outside as its user would: through the command line and
// the listening port. Nothing in here reaches into the product.
import { spawn } from "node:child_process";
import type { ChildProcess, ChildProcessWithoutNullStreams } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const readyTimeoutMs = 30_000;
const commandTimeoutMs = 120_000;

export type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type Installation = {
  readonly home: string;
  readonly stateDir: string;
  readonly workspace: string;
  readonly port: number;
  readonly token: string;
  /** The gateway's environment and every command's; change it before a start. */
  readonly env: Record<string, string>;
  writeConfig(config: string | Readonly<Record<string, unknown>>): void;
  /** `lorica <words>`, to its end. */
  run(words: readonly string[], options?: { readonly input?: string }): Promise<Ran>;
  /** `lorica gateway run`, until it answers /health. */
  start(): Promise<ChildProcess>;
  /** SIGTERM, and waits. */
  stop(): Promise<void>;
  /** SIGKILL to the broker; everything below it dies with it. */
  kill(): Promise<void>;
  remove(): Promise<void>;
};

export type InstallationOptions = {
  /** A program and its arguments that every process of this installation is started under, as a tracer. */
  readonly under?: readonly string[];
  /** Another copy of Node than the one that runs the tests. */
  readonly node?: string;
};

export type ProviderToUse = { readonly url: string; readonly key?: string; readonly compatibility?: string };

export async function createInstallation(options: InstallationOptions = {}): Promise<Installation> {
  const home = mkdtempSync(join(tmpdir(), "lorica-home-"));
  const stateDir = join(home, ".openclaw");
  mkdirSync(stateDir, { mode: 0o700 });
  const port = await freePort();
  const token = randomBytes(32).toString("hex");
  const env: Record<string, string> = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: home,
    // One copy of Node for all of them.
    XDG_CACHE_HOME: join(tmpdir(), `lorica-test-cache-${process.getuid?.() ?? 0}`),
    OPENCLAW_GATEWAY_TOKEN: token,
  };
  const node = options.node ?? process.execPath;
  const [program = node, ...before] = [...(options.under ?? []), node, join(root, "lorica.mjs")];
  let gateway: ChildProcess | undefined;

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = gateway;
    gateway = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((done) => running.once("exit", done));
    running.kill(signal);
    await ended;
  };

  return {
    home,
    stateDir,
    workspace: join(stateDir, "workspace"),
    port,
    token,
    env,
    writeConfig(config) {
      const path = join(stateDir, "openclaw.json");
      writeFileSync(path, typeof config === "string" ? config : JSON.stringify(config, null, 2));
      chmodSync(path, 0o600);
      if (gateway !== undefined) return;
      // As the owner's own: nothing is known of a config before, so what is there is what they start with.
      rmSync(join(stateDir, "watchdog", "config"), { recursive: true, force: true });
      rmSync(`${path}.last-good`, { force: true });
    },
    run: (words, { input = "" } = {}) => runToEnd(spawn(program, [...before, ...words], { env, ...ofCommand }), input),
    async start() {
      gateway = spawn(program, [...before, "gateway", "run", "--port", String(port)], {
        env,
        stdio: ["ignore", "ignore", "pipe"],
      });
      await untilHealthy(gateway, port);
      return gateway;
    },
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    async remove() {
      await end("SIGKILL");
      // Its children may still be writing their last words.
      rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

/** Gives the installation a provider with one model `m`, whose key it takes from the environment and keeps. */
export async function onboard(
  lorica: Installation,
  { url, key = "key-of-the-test", compatibility = "openai" }: ProviderToUse,
): Promise<void> {
  lorica.env["CUSTOM_API_KEY"] = key;
  const where = ["--custom-base-url", `${url}/v1`, "--custom-model-id", "m", "--custom-compatibility", compatibility];
  const { code, stderr } = await lorica.run(["onboard", "--non-interactive", ...where]);
  delete lorica.env["CUSTOM_API_KEY"];
  if (code !== 0) throw new Error(`onboarding ended with ${code}: ${stderr}`);
}

const ofCommand = { stdio: "pipe", timeout: commandTimeoutMs } as const;

async function runToEnd(child: ChildProcessWithoutNullStreams, input: string): Promise<Ran> {
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => undefined).end(input);
  const code = await new Promise<number | null>((done) => child.once("close", done));
  return { code, stdout, stderr };
}

async function untilHealthy(gateway: ChildProcess, port: number): Promise<void> {
  let said = "";
  gateway.stderr?.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4_000)));
  const deadline = Date.now() + readyTimeoutMs;
  while (Date.now() < deadline) {
    if (gateway.exitCode !== null) throw new Error(`the gateway ended with ${gateway.exitCode}: ${said}`);
    const response = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok === true) return;
    await new Promise((done) => setTimeout(done, 10));
  }
  gateway.kill("SIGKILL");
  throw new Error(`the gateway did not answer within ${readyTimeoutMs} ms: ${said}`);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
