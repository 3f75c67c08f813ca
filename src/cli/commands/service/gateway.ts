// `gateway status|stop|restart|install|uninstall`: the gateway's life, and the service that keeps it alive.
import type { Invocation } from "../../context.ts";
import { diagnose } from "../../diagnosis.ts";
import { commandLine, withRunningOwner } from "../../reach.ts";
import { installService, uninstallService } from "../../service/install.ts";
import type { Installed } from "../../service/install.ts";
import { restartGateway, stopGateway } from "../../service/life.ts";
import { renderTable } from "../../text.ts";

/** CLI-084: tells apart what a person would have to do different things about. */
export async function status(invocation: Invocation): Promise<void> {
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

export async function stop(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const stopped = await io.progress("stopping the gateway", stopGateway(invocation));
  io.result({ stopped }, () => io.line(stopped ? "stopped" : "no gateway was running"));
}

export async function restart(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  await io.progress("restarting the gateway", restartGateway(invocation));
  io.result({ restarted: true }, () => io.line("running again, with the config as it is now"));
}

export async function install(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const installed = await installAndStart(invocation, {
    port: options.whole("port", { min: 1, max: 65_535 }),
    replace: options.flag("force") ? "any unit" : "only our own",
  });
  io.result(installed, () => {
    for (const line of renderInstalled(invocation, installed)) io.line(line);
  });
}

/** The unit, and the gateway under it: one that runs already is handed over. */
export async function installAndStart(
  invocation: Invocation,
  options: Parameters<typeof installService>[1],
): Promise<Installed> {
  const { io, context } = invocation;
  await io.progress("preparing", context.warmUp());
  const running = await withRunningOwner(invocation, async (owner) => (await owner?.call("owner.status", {}))?.listen);
  const installed = await installService(invocation, {
    ...options,
    // It keeps the port that it was started with, also where the config says another.
    port:
      options.port ??
      (running === undefined || running === null ? undefined : await givenPort(invocation, running.port)),
  });
  for (const warning of installed.warnings) io.note(io.style("yellow", `note: ${warning}`));
  await io.progress("starting the service", restartGateway(invocation));
  return installed;
}

async function givenPort(invocation: Invocation, port: number): Promise<number | undefined> {
  const { loadConfig } = await import("../../../config/config.ts");
  const { paths, context } = invocation;
  const loaded = await loadConfig({ paths, env: context.env });
  return loaded.kind === "loaded" && loaded.config.gateway.port === port ? undefined : port;
}

export function renderInstalled(invocation: Invocation, { unit, file, linger }: Installed): readonly string[] {
  return [
    `the gateway runs as the service ${unit} and starts with ${linger === "yes" ? "the machine" : "your login"}`,
    `  unit     ${file}`,
    `  journal  journalctl --user -u ${unit}`,
    `  remove   ${commandLine(invocation, "gateway uninstall")}`,
    ...(linger === "yes" ? [] : [linger.advice]),
  ];
}

export async function uninstall(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const file = await io.progress("removing the service", uninstallService(invocation));
  io.result({ removed: file ?? null }, () => {
    io.line(file === undefined ? "no service was installed" : `the service is stopped and removed (${file})`);
    io.line(`Config, secrets and conversations stay in ${invocation.paths.stateDir}.`);
  });
}
