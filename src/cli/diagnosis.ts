// What state the gateway is in, seen from outside: its processes, its sockets, its port, and whether all of that
// belongs to the profile and config that were asked for.
import { request } from "node:http";
import { connect } from "node:net";
import { codeOf, codes, LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { bounded } from "../base/wait.ts";
import { loadConfig } from "../config/config.ts";
import type { OwnerStatus } from "../protocol/owner-methods.ts";
import { unreachableReason } from "../client/client.ts";
import type { Invocation } from "./context.ts";
import { commandLine, withGateway, withRunningOwner } from "./reach.ts";
import { journal } from "./service/life.ts";
import { describeService, findService, isActive } from "./service/service.ts";
import type { Service } from "./service/service.ts";

export type GatewayState = "running" | "locked" | "not_running" | "not_listening" | "probe_failed" | "config_mismatch";

export type Finding = {
  readonly state: GatewayState;
  readonly summary: string;
  readonly advice: string | undefined;
  readonly facts: readonly (readonly [string, string])[];
  /** The exit status of a command that found this. */
  readonly exit: number;
  /** What keeps it running, if anything does. */
  readonly service: Service;
};

export async function diagnose(invocation: Invocation): Promise<Finding> {
  const service = await findService(invocation);
  const { facts, ...rest } = await diagnoseProcess(invocation, service);
  return { ...rest, facts: [["service", describeService(service)], ...facts], service };
}

type ProcessFinding = Omit<Finding, "service">;

async function diagnoseProcess(invocation: Invocation, service: Service): Promise<ProcessFinding> {
  let status: OwnerStatus | undefined;
  try {
    status = await withRunningOwner(
      invocation,
      (owner) => owner?.call("owner.status", {}) ?? Promise.resolve(undefined),
    );
  } catch (error) {
    if (unreachableReason(error) !== "not_answering") throw error;
    return finding("not_listening", "its process is there, but does not answer on the owner's socket", {
      advice: `wait a moment; then ${commandLine(invocation, "logs")}`,
      facts: [["socket", invocation.paths.ownerSocket]],
    });
  }
  if (status === undefined) return absent(invocation, service);
  return judge(invocation, status);
}

/** Nothing runs. What stands in the way of a start is said before somebody tries one. */
async function absent(invocation: Invocation, service: Service): Promise<ProcessFinding> {
  const { paths, context } = invocation;
  const loaded = await loadConfig({ paths, env: context.env });
  const facts: (readonly [string, string])[] = [["state", paths.stateDir]];
  if (loaded.kind !== "loaded")
    return finding("not_running", "no gateway is running, and the config is not valid, so none can start", {
      advice: `${commandLine(invocation, "config validate")} says what is wrong with it`,
      facts: [...facts, ["config", paths.configPath]],
    });
  const port = loaded.config.gateway.port;
  if (await isTaken(port, invocation.signal))
    return finding(
      "not_running",
      `no gateway of this profile is running, and something else listens on its port ${port}`,
      {
        advice: `stop what listens there (ss -ltnp "sport = :${port}" names it), or ${commandLine(invocation, "config set gateway.port PORT")}`,
        facts: [...facts, ["port", `${port}, taken by another program`]],
      },
    );
  return finding("not_running", absence(service), {
    advice: adviceFor(invocation, service),
    facts: [...facts, ["port", `${port}, free`]],
  });
}

function absence(service: Service): string {
  if (service.state !== "installed") return "no gateway is running";
  if (isActive(service)) return "the service is just starting it";
  return service.result === "success"
    ? "no gateway is running: its service is installed and stopped"
    : `no gateway is running: its service ended (${service.result}) and is not started again by itself`;
}

function adviceFor(invocation: Invocation, service: Service): string {
  const up = `${commandLine(invocation, "up")} starts it`;
  if (service.state === "absent") return `${up}; ${commandLine(invocation, "gateway install")} has it start by itself`;
  if (service.state === "unknown" || service.result === "success") return up;
  return `${journal(service)} says why; then ${commandLine(invocation, "gateway start")}`;
}

/** Whether somebody answers there. Nothing is sent. */
async function isTaken(port: number, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: "127.0.0.1", port, signal: bounded(signal, limits.cliProbeTimeoutMs) });
  socket.once("connect", () => resolve(true));
  socket.once("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}

async function judge(invocation: Invocation, status: OwnerStatus): Promise<ProcessFinding> {
  const facts = factsOf(status);
  const differing = mismatch(invocation, status);
  const listening = status.gateway.state === "running" && status.listen !== null;
  if (!listening)
    return finding("not_listening", `the broker runs (pid ${status.pid}), its gateway is ${status.gateway.state}`, {
      advice: `${commandLine(invocation, "logs")} says why; then ${commandLine(invocation, "gateway restart")}`,
      facts,
    });
  const locked = lockedVault(status);
  if (locked !== undefined)
    return finding("locked", `it runs and serves nothing: ${locked.detail}`, {
      advice: locked.fix ?? commandLine(invocation, "vault status"),
      facts,
    });
  const problem = probes(invocation) ? await probe(invocation, status) : undefined;
  if (problem !== undefined)
    return finding("probe_failed", problem, {
      advice: `${commandLine(invocation, "logs")}; then ${commandLine(invocation, "gateway restart")}`,
      facts,
    });
  if (differing !== undefined)
    return finding("config_mismatch", differing.what, {
      advice: differing.advice,
      facts,
    });
  return finding("running", `pid ${status.pid}, listening and answering`, { advice: undefined, facts });
}

function finding(
  state: GatewayState,
  summary: string,
  rest: { readonly advice: string | undefined; readonly facts: Finding["facts"] },
): ProcessFinding {
  const exits: Partial<Record<GatewayState, number>> = {
    running: 0,
    locked: codes.locked.exit,
    config_mismatch: codes.conflict.exit,
  };
  const exit = exits[state] ?? codes.unavailable.exit;
  return { state, summary, exit, ...rest };
}

export function lockedVault({ parts }: OwnerStatus): OwnerStatus["parts"][number] | undefined {
  return parts.find(({ name, state }) => name === "vault" && state === "locked");
}

function factsOf(status: OwnerStatus): Finding["facts"] {
  const { gateway, listen } = status;
  return [
    ["broker", `pid ${status.pid}`],
    ["gateway", `${gateway.state}${gateway.pid === null ? "" : `, pid ${gateway.pid}`}, ${gateway.restarts} restarts`],
    [
      "confined",
      gateway.confinement === "bwrap" ? "yes (bubblewrap)" : `no: ${gateway.confinementReason ?? "unknown"}`,
    ],
    ["listens on", listen === null ? "nothing" : `${listen.host}:${listen.port}`],
    ["config", status.paths.config],
    ["state", status.paths.state],
  ];
}

type Mismatch = { readonly what: string; readonly advice: string };

/** The gateway that answers may be another profile's, or run on a config that has changed since. */
function mismatch(invocation: Invocation, { paths: theirs, config }: OwnerStatus): Mismatch | undefined {
  const { paths } = invocation;
  const restart = `${commandLine(invocation, "gateway restart")} starts it again`;
  if (theirs.state !== paths.stateDir)
    return { what: `it runs on another state directory, ${theirs.state}`, advice: restart };
  if (theirs.config !== paths.configPath)
    return { what: `it runs on another config file, ${theirs.config}`, advice: restart };
  if (config.hashOnDisk !== config.hashRunning)
    return {
      what: "the config file is not valid; it runs on the config from before",
      advice: `${commandLine(invocation, "config validate")} says what is wrong with it`,
    };
  if (config.restartNeeded.length > 0)
    return {
      what: `these keys have changed and wait for a restart: ${config.restartNeeded.join(", ")}`,
      advice: restart,
    };
  return undefined;
}

function probes({ options }: Invocation): boolean {
  return !options.off("probe");
}

/** Undefined where everything answers. */
async function probe(invocation: Invocation, { listen }: OwnerStatus): Promise<string | undefined> {
  const signal = bounded(invocation.signal, limits.cliProbeTimeoutMs);
  try {
    await withGateway(invocation, (gateway) => gateway.call("health", { probe: true }, { signal }));
    if (listen !== null) await probeHttp(listen, signal);
    return undefined;
  } catch (error) {
    if (invocation.signal.aborted) throw error;
    return `it listens, but does not answer as it should (${codeOf(error)}): ${error instanceof Error ? error.message : ""}`;
  }
}

function probeHttp(listen: { readonly host: string; readonly port: number }, signal: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const outgoing = request(
      { host: listen.host, port: listen.port, path: "/health", signal, agent: false },
      (response) => {
        response.resume();
        if (response.statusCode === 200) done();
        else
          fail(
            new LoricaError("upstream", `http://${listen.host}:${listen.port}/health answered ${response.statusCode}`),
          );
      },
    );
    outgoing.on("error", (cause) =>
      fail(new LoricaError("upstream", `http://${listen.host}:${listen.port}/health: ${cause.message}`, { cause })),
    );
    outgoing.end();
  });
}
