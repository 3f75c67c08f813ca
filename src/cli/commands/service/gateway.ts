// `gateway status|stop|restart|install|uninstall`: the gateway's life, and the service that keeps it alive.
import { join } from "node:path";
import type { Invocation } from "../../context.ts";
import { diagnose } from "../../diagnosis.ts";
import { installAndStart, renderInstalled } from "../../service/install-and-start.ts";
import { announce } from "../../service/announce.ts";
import { renderSystemUnit, uninstallService } from "../../service/install.ts";
import { systemUnitFolder, unitName } from "../../../protocol/known/service-unit.ts";
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
  if (options.flag("system")) return printSystemUnit(invocation);
  const installed = await installAndStart(invocation, {
    port: options.whole("port", { min: 1, max: 65_535 }),
    replace: options.flag("force") ? "any unit" : "only our own",
  });
  io.result(installed, () => {
    for (const line of renderInstalled(invocation, installed)) io.line(line);
  });
}

/** Nothing of the product runs as root: what only root may do is for ./lorica, or for a person. */
async function printSystemUnit(invocation: Invocation): Promise<void> {
  const { io, options, paths } = invocation;
  const unit = unitName(paths.profile);
  const file = join(systemUnitFolder, unit);
  const text = await renderSystemUnit(invocation, options.whole("port", { min: 1, max: 65_535 }));
  // Set where it is root who asked, and who writes it there next: without the line ends that a shell takes away, and one.
  const isRootsInstall = invocation.context.env["LORICA_CALLER_DIRECTORY"] !== undefined;
  if (isRootsInstall) await announce(invocation, [{ path: file, text: `${text.replace(/\n+$/, "")}\n` }]);
  io.result({ unit, file, text }, () => io.write(text));
  if (isRootsInstall) return;
  io.note(`this is ${file}: root writes it there, and then: systemctl daemon-reload && systemctl enable --now ${unit}`);
}

export async function uninstall(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const file = await io.progress("removing the service", uninstallService(invocation));
  io.result({ removed: file ?? null }, () => {
    io.line(file === undefined ? "no service was installed" : `the service is stopped and removed (${file})`);
    io.line(`Config, secrets and conversations stay in ${invocation.paths.stateDir}.`);
  });
}
