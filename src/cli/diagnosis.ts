// What state the gateway is in, seen from outside: its processes, its sockets, its port, and whether all of that
// belongs to the profile and config that were asked for.
import { request } from "node:http";
import { codeOf, codes, LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { bounded } from "../base/wait.ts";
import type { OwnerStatus } from "../protocol/owner-methods.ts";
import { unreachableReason } from "../client/client.ts";
import type { Invocation } from "./context.ts";
import { commandLine, withGateway, withRunningOwner } from "./reach.ts";

export type GatewayState = "running" | "not_running" | "not_listening" | "probe_failed" | "config_mismatch";

export type Finding = {
  readonly state: GatewayState;
  readonly summary: string;
  readonly advice: string | undefined;
  readonly facts: readonly (readonly [string, string])[];
  /** The exit status of a command that found this. */
  readonly exit: number;
};

export async function diagnose(invocation: Invocation): Promise<Finding> {
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
  if (status === undefined)
    return finding("not_running", "no gateway is running", {
      advice: `${commandLine(invocation, "up")} starts it`,
      facts: [["state", invocation.paths.stateDir]],
    });
  return judge(invocation, status);
}

async function judge(invocation: Invocation, status: OwnerStatus): Promise<Finding> {
  const facts = factsOf(status);
  const differing = mismatch(invocation, status);
  const listening = status.gateway.state === "running" && status.listen !== null;
  if (!listening)
    return finding("not_listening", `the broker runs (pid ${status.pid}), its gateway is ${status.gateway.state}`, {
      advice: `${commandLine(invocation, "logs")} says why; then ${commandLine(invocation, "gateway restart")}`,
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
): Finding {
  const exits = { running: 0, config_mismatch: codes.conflict.exit } as const;
  const exit = state === "running" || state === "config_mismatch" ? exits[state] : codes.unavailable.exit;
  return { state, summary, exit, ...rest };
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
