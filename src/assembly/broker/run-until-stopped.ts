// A broker that serves: what its owner is told when it begins, what it keeps up meanwhile, and how it ends.
import { homedir } from "node:os";
import type { Log } from "../../audit/audit.ts";
import { limits } from "../../base/limits.ts";
import { seedWorkspace } from "../../broker/broker.ts";
import type { Broker } from "../../broker/broker.ts";
import { warmCompileCache } from "../../compile-cache.ts";
import { listAgents, workspaceTemplates } from "../../config/config.ts";
import type { Config, StatePaths } from "../../config/config.ts";
import { assessExposure } from "../../network/network.ts";
import type { Front } from "../../vault/vault.ts";
import { movePlainText } from "./move-plain-text.ts";
import type { Ground } from "./open-parts.ts";
import type { WatchdogSide } from "./watchdog/watchdog.ts";

/** Whoever opens the gateway to others is told what that means, every time. */
export function tellReach({ gateway }: Config, broker: Broker, log: Log): void {
  const { tls, auth, allowedAddresses } = gateway;
  const { listening } = broker.status();
  const exposure = assessExposure({ listening, isTls: tls.enabled, authMode: auth.mode, allowedAddresses });
  if (exposure.level !== "machine") for (const line of exposure.lines) log.warn(line);
}

/** Whatever goes wrong meanwhile, what was started is ended before the lock on the state directory is let go. */
export async function runUntilStopped(
  running: Ground & Pick<WatchdogSide, "onFinding"> & { readonly front: Front },
  broker: Broker,
  ending: AbortSignal,
) {
  const { options, keeper, log, redactor, front, onFinding } = running;
  let graceMs = 0;
  try {
    void front.watch(() => broker.configure(), ending);
    await keeper.markGood();
    const onCold = (err: unknown): void => log.source("start").warn("the next start will not be quicker", { err });
    warmCompileCache({ codeRoot: options.codeRoot, home: homedir() }, ending).catch(onCold);
    const seed = (config: Config): void => seedWorkspaces(config, options.paths);
    keeper.watch({ broker, log, redactor, seed, onFinding, onTaken: () => moveTyped(running) }, ending);
    graceMs = await untilStopped(broker, options.signal);
  } finally {
    await broker.stop(graceMs);
  }
}

/** A credential that somebody typed into the file goes where all are, and does not wait for the next start. */
function moveTyped({ options: { paths }, keeper, vault, log }: Ground): void {
  if (keeper.plain().every(({ file }) => file !== paths.configPath)) return;
  const source = log.source("vault");
  const say = (notes: readonly string[]): void => notes.forEach((note) => source.warn(note));
  const report = (err: unknown): void =>
    source.error("a credential in the config was not moved into the vault", { err });
  movePlainText({ paths, keeper, vault }).then(say, report);
}

export function seedWorkspaces(config: Config, paths: StatePaths): void {
  const templates = config.agents.defaults.skipBootstrap ? new Map<string, string>() : workspaceTemplates;
  for (const agent of listAgents(config, paths)) seedWorkspace(agent.workspace, templates);
}

/** How long running turns may still take, once somebody wants the end. */
async function untilStopped(broker: Broker, signal: AbortSignal): Promise<number> {
  const asked = new Promise<number>((resolve) => {
    const stop = (): void => resolve(limits.stopGraceMs);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  return Promise.race([asked, broker.ended]);
}
