// `gateway`: running it here, asking after it, stopping and restarting it.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { sleep } from "../../base/wait.ts";
import type { GatewayOverrides, Invocation } from "../context.ts";
import { diagnose } from "../diagnosis.ts";
import { launchGateway } from "../launch.ts";
import type { Options } from "../options.ts";
import { commandLine, withRunningOwner } from "../reach.ts";
import { renderTable } from "../text.ts";

const stopPollMs = 30;

export async function runGateway(invocation: Invocation): Promise<void> {
  const { context, paths, options, signal } = invocation;
  const { env, codeRoot, version } = context;
  const root = env["OPENCLAW_ALLOW_ROOT"] === "1" ? "allow root" : "refuse root";
  await context.runBroker({ paths, env, codeRoot, version, overrides: parseOverrides(options), root, signal });
}

function parseOverrides(options: Options): GatewayOverrides {
  refuse(options);
  const port = options.whole("port", { min: 1, max: 65_535 });
  const bind = options.text("bind");
  return {
    ...(port === undefined ? {} : { port }),
    ...(bind === undefined ? {} : { bind }),
    verbose: options.flag("verbose"),
  };
}

function refuse(options: Options): void {
  if (options.text("token") !== undefined || options.text("password") !== undefined)
    throw new LoricaError(
      "invalid_request",
      "a token or password on a command line can be read by everybody on this machine. Set OPENCLAW_GATEWAY_TOKEN, or leave it out and use `token show`",
    );
  for (const name of ["force", "reset", "rawStream"])
    if (options.flag(name))
      throw new LoricaError(
        "invalid_request",
        `--${name === "rawStream" ? "raw-stream" : name} is not supported: see gateway --help`,
      );
  const tailscale = options.text("tailscale");
  if (tailscale !== undefined && tailscale !== "off")
    throw new LoricaError("not_built", `--tailscale ${tailscale} comes with step 2 of the plan`);
  const auth = options.text("auth");
  if (auth !== undefined && auth !== "token")
    throw new LoricaError(
      "invalid_request",
      `--auth ${auth}: set the mode in the config, with what it needs: gateway.auth.mode`,
    );
}

/** CLI-084: tells apart what a person would have to do different things about. */
export async function gatewayStatus(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const finding = await io.progress("looking", diagnose(invocation));
  io.result(finding, () => {
    const style = finding.state === "running" ? "green" : "yellow";
    io.line(`${io.style(style, finding.state.replaceAll("_", " "))}: ${finding.summary}`);
    for (const line of renderTable(finding.facts, { width: io.width, indent: "  " })) io.line(line);
    if (finding.advice !== undefined) io.line(`What to do: ${finding.advice}`);
  });
  if (finding.state !== "running") io.exitWith(finding.exit);
}

export async function stopGateway(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const stopped = await io.progress("stopping the gateway", stop(invocation));
  io.result({ stopped }, () => io.line(stopped ? "stopped" : "no gateway was running"));
}

/** False where there was nothing to stop. */
async function stop(invocation: Invocation): Promise<boolean> {
  const pid = await withRunningOwner(invocation, async (owner) => (await owner?.call("gateway.stop", {}))?.pid);
  if (pid === undefined) return false;
  const deadline = performance.now() + limits.cliStopTimeoutMs;
  while (isAlive(pid)) {
    if (performance.now() > deadline)
      throw new LoricaError(
        "timeout",
        `the gateway (pid ${pid}) still runs after ${limits.cliStopTimeoutMs / 1_000} s`,
      );
    await sleep(stopPollMs, invocation.signal);
  }
  return true;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // ESRCH: gone. EPERM: the number already belongs to somebody else's process.
    return false;
  }
}

export async function restartGateway(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  await io.progress("restarting the gateway", restart(invocation));
  io.result({ restarted: true }, () => io.line("running again, with the config as it is now"));
}

async function restart(invocation: Invocation): Promise<void> {
  await withRunningOwner(invocation, async (owner) => {
    if (owner === undefined) return;
    const view = await owner.call("config.get", {});
    // A gateway that works is worth more than one that was stopped and cannot start.
    if (!view.valid)
      throw new LoricaError(
        "config_invalid",
        `the config is not valid, so the running gateway was left alone:\n${view.issues.join("\n")}\nTo go back: ${commandLine(invocation, "config rollback")}`,
      );
  });
  await stop(invocation);
  await launchGateway(invocation, {});
}
