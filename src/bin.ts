// The program. The only file that reads the environment; decides what to load, and loads nothing that this call does
// not need.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { becomeBroker, takeGiven } from "./become-broker.ts";
import type { CliContext } from "./cli/cli.ts";

const codeRoot = dirname(import.meta.dirname);
const argv = process.argv.slice(2);
const given = takeGiven(process.env);
const env = given?.env ?? process.env;
// Whatever is started from here on is started with the Node that everybody may read.
if (given !== undefined) process.execPath = given.node;

await main();

async function main(): Promise<void> {
  const [first] = argv;
  if (first === "--version" || first === "-V" || first === "-v") {
    process.stdout.write(`lorica ${readVersion()}\n`);
    return;
  }
  if (first === "gateway-child") return (await loadMain()).runGateway();
  if (first === "warm-up") return (await loadMain()).compileEverything();
  refuseRoot();
  if (first === "gateway" && argv[1] === "run") becomeClean();
  const { runCli } = await import("./cli/cli.ts");
  const { resolvePaths } = await import("./config/config.ts");
  const context = createContext((profile) => resolvePaths({ env, home: homedir(), profile }));
  process.exitCode = await runCli(context);
  // A terminal or a pipe that was read from would keep the process alive by itself.
  process.stdin.destroy();
}

/** Once: what was given to an earlier self is in no environment any more. */
function becomeClean(): void {
  if (given === undefined) becomeBroker(env, process.argv);
}

function createContext(pathsFor: CliContext["pathsFor"]): CliContext {
  const signal = createSignal();
  return {
    argv,
    env,
    program: env["LORICA_PROGRAM"] ?? "lorica",
    version: readVersion(),
    codeRoot,
    callerDirectory: env["LORICA_CALLER_DIRECTORY"],
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    pathsFor,
    async runBroker(options) {
      becomeClean();
      await (await loadMain()).runBroker(options);
    },
    warmUp: async () => (await loadMain()).warmUp({ codeRoot, home: homedir() }, signal),
    findGateways: async (waitMs) => (await loadMain()).findGateways(codeRoot, waitMs, signal),
    openOffline: async (paths) => (await loadMain()).openOffline(paths, env),
    signal,
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
  if (process.getuid?.() !== 0 || env["OPENCLAW_ALLOW_ROOT"] === "1") return;
  process.stderr.write(
    `lorica: this does not run as root. Start it as ${join(codeRoot, "lorica")}, which becomes the system user lorica\n`,
  );
  process.exit(4);
}

async function loadMain(): Promise<typeof import("./main.ts")> {
  return await import("./main.ts");
}

function readVersion(): string {
  const manifest = JSON.parse(readFileSync(join(codeRoot, "package.json"), "utf8")) as { readonly version: string };
  return manifest.version;
}
