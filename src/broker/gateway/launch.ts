// Starts one gateway process: opens its sockets, hands them over with the link, and waits until it serves.
import type { ChildProcess } from "node:child_process";
import { Duplex } from "node:stream";
import { LoricaError } from "../../base/errors.ts";
import { limits, nodeEnvironment } from "../../base/limits.ts";
import { bounded } from "../../base/wait.ts";
import { buildSeccompFilter } from "../../sandbox/sandbox.ts";
import type { Link } from "../link/link.ts";
import { spawnClean, startConfined } from "../spawn.ts";
import type { Spawned } from "../spawn.ts";
import type { GatewayFolders } from "./profile.ts";
import { gatewayProfile } from "./profile.ts";
import { openSockets } from "./sockets.ts";
import type { ListenAddress } from "../../network/network.ts";

export type Confinement =
  | { readonly kind: "bwrap"; readonly bwrap: string }
  /** The gateway still has no environment, no argument and no descriptor that holds a secret, but it has the host. */
  | { readonly kind: "none"; readonly reason: string };

export type LaunchOptions = {
  readonly folders: GatewayFolders;
  readonly confinement: Confinement;
  /** Node's options, the program and its arguments; no secret among them. */
  readonly argv: readonly string[];
  readonly listen: readonly ListenAddress[];
  readonly socketPath: string;
};

/** A process that loads its program and waits for its settings. What it sends meanwhile stays in the pipe. */
export type Launched = Spawned & {
  readonly stream: Duplex;
  readonly addresses: readonly ListenAddress[];
  /** Resolves with how it ended. */
  readonly exited: Promise<string>;
};

export type Running = Launched & { readonly link: Link };

/** Descriptors: 3 is the filter that bubblewrap reads, 4 the link, 5 the unix socket, the TCP sockets from 6 on. */
export async function launchGateway(options: LaunchOptions): Promise<Launched> {
  return await openSockets(options, ({ tcpFds, unixFd, addresses }) => {
    const spawned = spawnGateway(options, [unixFd, ...tcpFds]);
    const exited = exitOf(spawned.child);
    const stream = spawned.child.stdio[4];
    if (!(stream instanceof Duplex)) throw new LoricaError("internal", "the gateway has no link");
    return { ...spawned, stream, addresses, exited };
  });
}

function spawnGateway({ confinement, folders, argv }: LaunchOptions, sockets: readonly number[]): Spawned {
  if (confinement.kind === "none") {
    const child = spawnClean({
      file: folders.node,
      args: argv,
      stdio: ["ignore", "pipe", "pipe", "ignore", "pipe", ...sockets],
      environment: nodeEnvironment,
      cwd: folders.code,
    });
    return { child, kill: () => void child.kill("SIGKILL") };
  }
  const spawned = startConfined({
    bwrap: confinement.bwrap,
    profile: ["--seccomp", "3", ...gatewayProfile(folders)],
    argv: [folders.node, ...argv],
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", ...sockets],
  });
  giveFilter(spawned.child);
  return spawned;
}

/** Why bubblewrap cannot confine the gateway on this host, tried with the very profile; undefined where it can. */
export async function tryConfinement(bwrap: string, folders: GatewayFolders): Promise<string | undefined> {
  const { child, kill } = startConfined({
    bwrap,
    profile: ["--seccomp", "3", ...gatewayProfile(folders)],
    argv: [folders.node, "--version"],
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  giveFilter(child);
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    if (said.length < 1_000) said += chunk.toString();
  });
  const killer = setTimeout(kill, limits.gatewayStartTimeoutMs);
  const end = await exitOf(child);
  clearTimeout(killer);
  if (end === "exit code 0") return undefined;
  return said.split("\n")[0] || end;
}

/** Takes the settings to the gateway and returns once it serves; throws what it said, or how it ended instead. */
export async function beginServing(running: Running, settings: unknown): Promise<void> {
  const waiting = new AbortController();
  const started = running.link.call(
    { method: "start", params: settings },
    bounded(waiting.signal, limits.gatewayStartTimeoutMs),
  );
  // Whichever of the two comes second is nobody's news any more.
  started.catch(() => undefined);
  const ended = running.exited.then((end) => {
    throw new LoricaError("unavailable", `the gateway process ended while it started (${end}); the log says more`);
  });
  ended.catch(() => undefined);
  try {
    await Promise.race([started, ended]);
  } catch (error) {
    // The link breaks a moment before the exit is known, and the exit says more.
    if (running.link.closed.aborted) await ended;
    throw error;
  } finally {
    waiting.abort();
  }
}

function giveFilter(child: ChildProcess): void {
  const filter = child.stdio[3];
  if (!(filter instanceof Duplex)) throw new LoricaError("internal", "the filter has no descriptor");
  // A bwrap that dies before it has read the filter breaks the pipe; its exit says so.
  filter.on("error", () => undefined);
  filter.end(buildSeccompFilter(process.arch));
}

async function exitOf(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  child.once("error", (error) => resolve(`it could not be started: ${error.message}`));
  return await promise;
}
