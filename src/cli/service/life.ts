// Starting, stopping and restarting the gateway, whoever runs it: its service where it has one, else a process of its own
// in the background.
import { codeOf, codes, errnoOf, LoricaError } from "../../base/errors.ts";
import type { Code } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { sleep } from "../../base/wait.ts";
import type { OwnerStatus } from "../../protocol/owner-methods.ts";
import type { Invocation } from "../context.ts";
import { awaitGateway, launchGateway } from "../launch.ts";
import { commandLine, withRunningOwner } from "../reach.ts";
import { findService, isActive, orderService } from "./service.ts";
import type { InstalledService, Service } from "./service.ts";

const stopPollMs = 30;
const servicePollMs = 300;

/** Returns once it answers. */
export async function startGateway(
  invocation: Invocation,
  port: number | undefined,
): Promise<"done" | "somebody else did"> {
  const { io } = invocation;
  await io.progress("preparing", prepare(invocation));
  const service = await findService(invocation);
  if (service.state === "installed") {
    refusePort(invocation, service, port);
    await io.progress("starting the service", startService(invocation, service));
    return "done";
  }
  try {
    await io.progress("starting the gateway", launchGateway(invocation, port === undefined ? {} : { port }));
    return "done";
  } catch (error) {
    // Of two starts at once the later one finds the state directory taken. What was asked for comes all the same.
    if (codes[codeOf(error)].exit !== codes.locked.exit) throw error;
    if (await io.progress("waiting for the gateway", answers(invocation))) return "somebody else did";
    throw error;
  }
}

/** Without it the start takes longer and is otherwise the same, so that nothing of it may keep a gateway from starting. */
export async function prepare({ context, io }: Invocation): Promise<void> {
  try {
    await context.warmUp();
  } catch (error) {
    if (!(error instanceof LoricaError) && errnoOf(error) === undefined) throw error;
    io.note(io.style("yellow", `note: ${error instanceof Error ? error.message : error}. The start takes longer.`));
  }
}

function refusePort(invocation: Invocation, { unit }: InstalledService, port: number | undefined): void {
  if (port === undefined) return;
  throw new LoricaError(
    "conflict",
    `the service ${unit} starts the gateway, and it has a port. To change it: ${commandLine(invocation, `config set gateway.port ${port}`)}`,
  );
}

async function answers(invocation: Invocation): Promise<boolean> {
  try {
    await awaitGateway(invocation);
    return true;
  } catch (error) {
    if (error instanceof LoricaError) return false;
    throw error;
  }
}

/** Has systemd start it, also where it has given up, and waits for an answer or for the end. */
export async function startService(invocation: Invocation, service: InstalledService): Promise<void> {
  // A failed start counts against the next one, whose reason may be gone.
  if (service.active === "failed") await orderService(invocation, service, ["reset-failed"]);
  await orderService(invocation, service, ["start"]);
  await awaitService(invocation);
}

async function awaitService(invocation: Invocation): Promise<void> {
  const stop = new AbortController();
  const waiting = { ...invocation, signal: AbortSignal.any([invocation.signal, stop.signal]) };
  const ended = untilEnded(waiting);
  ended.catch(() => undefined);
  try {
    await Promise.race([awaitGateway(waiting), ended]);
  } finally {
    stop.abort();
  }
}

/** Never resolves: it is there to throw what is wrong. */
async function untilEnded(invocation: Invocation): Promise<never> {
  for (;;) {
    await sleep(servicePollMs, invocation.signal);
    const service = await findService(invocation);
    if (service.state === "installed" && isActive(service) && service.result === "success") continue;
    throw endedError(invocation, service);
  }
}

function endedError(invocation: Invocation, service: Service): LoricaError {
  if (service.state !== "installed") return new LoricaError("unavailable", "the service is gone while it was starting");
  const status = service.exitStatus;
  const code = (Object.keys(codes) as Code[]).find((name) => codes[name].exit === status) ?? "unavailable";
  return new LoricaError(
    code,
    `the service ended${status === null ? "" : ` with exit status ${status}`} (${service.result}). Why: ${journal(service)}, or ${commandLine(invocation, "gateway run")} to see it here`,
  );
}

export function journal({ scope, unit }: Pick<InstalledService, "scope" | "unit">): string {
  return `journalctl ${scope === "user" ? "--user " : ""}-u ${unit} -n 20`;
}

/** False where there was nothing to stop. */
export async function stopGateway(invocation: Invocation): Promise<boolean> {
  const status = await ownerStatus(invocation);
  const service = await findService(invocation);
  if (service.state === "installed" && isActive(service) && (status === undefined || service.pid === status.pid)) {
    await orderService(invocation, service, ["stop"]);
    return true;
  }
  return stopProcess(invocation);
}

/** Asks the broker itself. What it answers is its process, whose end is waited for. */
async function stopProcess(invocation: Invocation): Promise<boolean> {
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

async function ownerStatus(invocation: Invocation): Promise<OwnerStatus | undefined> {
  return withRunningOwner(invocation, async (owner) => owner?.call("owner.status", {}));
}

export async function restartGateway(invocation: Invocation): Promise<void> {
  const status = await refuseBrokenConfig(invocation);
  const service = await findService(invocation);
  if (service.state === "installed" && (status === undefined || service.pid === status.pid || !isActive(service))) {
    // A gateway that was started by hand beside its service would hold what the service needs.
    if (status !== undefined && service.pid !== status.pid) await stopProcess(invocation);
    if (service.active === "failed") await orderService(invocation, service, ["reset-failed"]);
    await orderService(invocation, service, ["restart"]);
    return awaitService(invocation);
  }
  await stopProcess(invocation);
  await launchGateway(invocation, samePort(status));
}

/** Undefined where nothing runs. */
async function refuseBrokenConfig(invocation: Invocation): Promise<OwnerStatus | undefined> {
  return withRunningOwner(invocation, async (owner) => {
    if (owner === undefined) return undefined;
    const view = await owner.call("config.get", {});
    // A gateway that works is worth more than one that was stopped and cannot start.
    if (!view.valid)
      throw new LoricaError(
        "config_invalid",
        `the config is not valid, so the running gateway was left alone:\n${view.issues.join("\n")}\nTo go back: ${commandLine(invocation, "config rollback")}`,
      );
    return owner.call("owner.status", {});
  });
}

/** It may have been started with --port. A port that was changed since then is in the config. */
function samePort(status: OwnerStatus | undefined): { readonly port?: number } {
  if (status === undefined || status.listen === null) return {};
  return status.config.restartNeeded.includes("gateway.port") ? {} : { port: status.listen.port };
}
