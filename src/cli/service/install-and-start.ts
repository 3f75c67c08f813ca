// Hands the gateway over to a service: the unit is written, and whatever ran before runs under it.
import type { Invocation } from "../context.ts";
import { commandLine, withRunningOwner } from "../reach.ts";
import { installService } from "./install.ts";
import type { Installed, InstallOptions } from "./install.ts";
import { prepare, restartGateway } from "./life.ts";

export async function installAndStart(invocation: Invocation, options: InstallOptions): Promise<Installed> {
  const { io } = invocation;
  await io.progress("preparing", prepare(invocation));
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
  const { loadConfig } = await import("../../config/config.ts");
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
