// The program. The only file that reads the environment; decides what to load, and loads nothing that this call does
// not need.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { systemClock } from "./base/clock.ts";
import { LoricaError } from "./base/errors.ts";
import type { BrokerOptions, CliContext, Keys } from "./cli/cli.ts";
import type { StatePaths } from "./config/config.ts";

/** What main.ts exports: the composition of both processes. */
type Main = {
  runBroker(options: BrokerOptions): Promise<void>;
  runGateway(): Promise<void>;
};

const codeRoot = dirname(import.meta.dirname);
const argv = process.argv.slice(2);

await main();

async function main(): Promise<void> {
  const [first] = argv;
  if (first === "--version" || first === "-V" || first === "-v") {
    process.stdout.write(`lorica ${readVersion()}\n`);
    return;
  }
  if (first === "gateway-child") return (await loadMain()).runGateway();
  refuseRoot();
  const { runCli } = await import("./cli/cli.ts");
  const { resolvePaths } = await import("./config/config.ts");
  const context = createContext((profile) => resolvePaths({ env: process.env, home: homedir(), profile }));
  process.exitCode = await runCli(context);
  // A terminal or a pipe that was read from would keep the process alive by itself.
  process.stdin.destroy();
}

function createContext(pathsFor: CliContext["pathsFor"]): CliContext {
  return {
    argv,
    env: process.env,
    program: process.env["LORICA_PROGRAM"] ?? "lorica",
    version: readVersion(),
    codeRoot,
    callerDirectory: process.env["LORICA_CALLER_DIRECTORY"],
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    pathsFor,
    runBroker: async (options) => (await loadMain()).runBroker(options),
    openOffline: async (paths) => {
      const { openOffline } = await import("./cli/offline.ts");
      return openOffline({ paths, env: process.env, openKeys: (given) => openKeys(paths, given) });
    },
    signal: createSignal(),
  };
}

/** The vault's file, for a command that runs while no broker does. */
async function openKeys(paths: StatePaths, given: ReadonlyMap<string, string>): Promise<Keys> {
  const { createGatewayToken, ensureGatewayToken, gatewayTokenName, openFileVault } = await import("./vault/vault.ts");
  const vault = await openFileVault({ path: paths.secretsPath, clock: systemClock, given });
  return {
    list: vault.list,
    remove: vault.remove,
    async set(name, value) {
      const replaced = (await vault.list()).some((secret) => secret.name === name);
      await vault.write(name, value);
      return { replaced };
    },
    async showToken() {
      const token = await ensureGatewayToken(vault);
      return { token, source: vault.sourceOf(gatewayTokenName) ?? "vault" };
    },
    async createToken() {
      if (vault.sourceOf(gatewayTokenName) !== "environment") return createGatewayToken(vault);
      const message = "the environment or the config gives the gateway's token; change it there, or remove it first";
      throw new LoricaError("conflict", message);
    },
  };
}

/** The first Ctrl-C lets a command clean up after itself, the second one does not wait for that. */
function createSignal(): AbortSignal {
  const controller = new AbortController();
  const leave = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on("SIGINT", leave);
  process.on("SIGTERM", leave);
  // A reader that has seen enough, as `head`, is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  return controller.signal;
}

/** `./lorica` becomes the system user by itself; whoever calls Node directly as root is told so (GW-045). */
function refuseRoot(): void {
  if (process.getuid?.() !== 0 || process.env["OPENCLAW_ALLOW_ROOT"] === "1") return;
  process.stderr.write(
    `lorica: this does not run as root. Start it as ${join(codeRoot, "lorica")}, which becomes the system user lorica\n`,
  );
  process.exit(4);
}

async function loadMain(): Promise<Main> {
  return (await import(new URL("main.ts", import.meta.url).href)) as Main;
}

function readVersion(): string {
  const manifest = JSON.parse(readFileSync(join(codeRoot, "package.json"), "utf8")) as { readonly version: string };
  return manifest.version;
}
