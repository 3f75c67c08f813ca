// The broker process, built in layer order: secrets, logs, cells, the way out, and then the gateway that may ask for them.
import { homedir } from "node:os";
import type { AuditWriter, Log } from "../../audit/audit.ts";
import { systemClock } from "../../base/clock.ts";
import { limits } from "../../base/limits.ts";
import { createBroker, seedWorkspace } from "../../broker/broker.ts";
import type { AreaHandlers, Broker, GatewayStatus, ProbedCells } from "../../broker/broker.ts";
import { createBrokerEgress } from "../../egress/route/route.ts";
import { openWalls } from "./cells.ts";
import { openEvidenceSide } from "./evidence.ts";
import { createHooksSide } from "./hooks.ts";
import { openIncidentSide } from "./incident/incident.ts";
import { createNetworkSide } from "./network.ts";
import type { NetworkSide } from "./network.ts";
import { brokerAnswers, createConfigKeeper } from "./config-keeper.ts";
import type { ConfigKeeper, Keeping } from "./config-keeper.ts";
import type { Launched } from "../../broker/gateway/launch.ts";
import { gatewayProgram } from "../start/gateway-program.ts";
import type { EarlyGateway } from "../start/gateway-program.ts";
import { openAlertBook, openLog } from "./open-parts.ts";
import type { Ground } from "./open-parts.ts";
import { movePlainText } from "./move-plain-text.ts";
import { createStateSides } from "../backup/side.ts";
import { openDlpSide } from "./dlp/side.ts";
import type { DlpSide } from "./dlp/side.ts";
import { gatewayStart } from "./gateway-start.ts";
import { joinSides } from "./side.ts";
import type { Sides } from "./side.ts";
import { openOrAsk, openVaultSide } from "./vault.ts";
import type { VaultSide } from "./vault.ts";
import { createWatchdogSide } from "./watchdog/watchdog.ts";
import type { Starts } from "./watchdog/starts.ts";
import type { WatchdogSide } from "./watchdog/watchdog.ts";
import { assessExposure, listenAddresses } from "../../network/network.ts";
import type { GatewayStart } from "../gateway/current.ts";
import type { BrokerOptions } from "../../cli/cli.ts";
import { warmCompileCache } from "../../compile-cache.ts";
import { listAgents, renderIssues, workspaceTemplates } from "../../config/config.ts";
import type { Config, prepareStateDir, StatePaths } from "../../config/config.ts";
import { createRedactor } from "../../dlp/dlp.ts";
import { channelRoute } from "../settings/channels.ts";
import { ceilingOf } from "../settings/ceiling.ts";
import { egressOf } from "../settings/egress.ts";
import { pageAddresses } from "../settings/access.ts";
import { createFront, ensureGatewayToken, movePlainFile, vaultPlaces } from "../../vault/vault.ts";
import type { Front, SealedVault } from "../../vault/vault.ts";

/** What the start has found and begun before all of this was loaded. */
export type Begun = {
  readonly options: BrokerOptions;
  readonly keeper: ConfigKeeper;
  readonly prepared: Awaited<ReturnType<typeof prepareStateDir>>;
  readonly notes: readonly string[];
  readonly vaultOpen: PromiseWithResolvers<SealedVault>;
  readonly keeping: Keeping;
  readonly early: EarlyGateway;
  readonly starts: Starts;
};

/** Opens what needs the lock, serves until it is told to stop, and resolves when everything that it started has ended. */
export async function buildBroker(begun: Begun): Promise<void> {
  const { options, prepared, notes, vaultOpen, keeping, early, starts } = begun;
  const { paths } = options;
  let { keeper } = begun;
  const places = vaultPlaces(paths, options.env);
  const vault = await openOrAsk({ places, clock: systemClock, given: keeper.given }, options.askPassphrase);
  vaultOpen.resolve(vault);
  const fromText = await movePlainText({ paths, keeper, vault });
  if (fromText.length > 0) {
    keeper = await createConfigKeeper(options, keeping, keeper.given);
    await keeper.begin();
  }
  await starts.begin(keeper.service.status().hashRunning ?? "");
  const moved = [await movePlainFile(places, vault), ...fromText];
  const { state, reason, fix } = vault.status();
  if (state === "open") await ensureGatewayToken(vault);
  const redactor = createRedactor({
    values: () => vault.values(),
    patterns: keeper.config().logging.redactPatterns,
  });
  const log = openLog(options, keeper.config(), redactor);
  try {
    for (const notice of prepared) log.source("state").warn(renderIssues([notice]));
    for (const note of notes) log.source("broker").warn(note);
    for (const note of moved) if (note !== undefined) log.source("vault").warn(note);
    if (state === "locked") log.source("vault").warn(`the vault is locked: ${reason}. ${fix}`);
    const alerts = await openAlertBook(options, redactor, log);
    seedWorkspaces(keeper.config(), paths);
    await serve({ options, keeper, vault, redactor, log, alerts, starts, alertOwner: alerts.alertOwner }, early);
    await starts.ended();
  } finally {
    log.close();
  }
}

async function serve(ground: Ground, early: EarlyGateway): Promise<void> {
  const { keeper, log } = ground;
  const evidence = openEvidenceSide(ground);
  const audit = evidence.writer.source("broker");
  const dlp = await openDlpSide(ground, audit);
  const incident = openIncidentSide(ground, { evidence, cells: () => cells });
  const told = { watchdog: (): WatchdogSide => watchdog, onTried: () => tellSandbox(), halted: incident.kill.halted };
  const walls = openWalls(ground, evidence.writer, { ...told, inspect: dlp.inspectEgress });
  const { cells, egress } = walls;
  const ending = new AbortController();
  const front = openFront(ground);
  // The probe may end before there is anybody to tell, and also before there is a broker at all.
  const state = { isTried: false, isServing: false };
  const tellSandbox = (): void => {
    if (state.isTried && state.isServing) broker.tell("sandbox", cells.status());
  };
  const probed = probe(cells, log.source("sandbox"), ending.signal).then(() => {
    state.isTried = true;
    tellSandbox();
  });
  const network = openNetwork(ground, front);
  const watchdog = createWatchdogSide({ ...ground, cells, audit });
  const seal = createStateSides(ground, audit);
  const hooks = await createHooksSide(ground, { cells, audit, probed, halts: incident.kill.halts });
  const vaultSide = await openVaultSide(ground, audit);
  const sides = joinSides(
    [...incident.sides, evidence, network, walls.side, egress, vaultSide, watchdog, hooks, dlp, ...seal.sides],
    log.source("broker"),
  );
  const broker = openBroker(ground, {
    launched: await early.take(),
    auditWriter: evidence.writer,
    network,
    readSecret: vaultSide.readSecret,
    sides,
    screen: dlp.screen,
    areas: {
      ...seal.areas,
      ...evidence.areas,
      ...incident.areas,
      ...vaultSide.areas,
      ...walls.side.areas,
      ...watchdog.areas,
      ...hooks.areas,
      ...dlp.areas,
    },
    cells,
    probed: probed.catch(() => undefined),
    front,
    settings: ({ addresses: listen }) =>
      gatewayStart(
        ground,
        { seal, vaultSide, front, network, hooks, dlp, kill: incident.kill },
        { listen, sandbox: state.isTried ? cells.status() : undefined },
      ),
  });
  try {
    await broker.start();
    state.isServing = true;
    tellSandbox();
    tellReach(keeper.config(), broker, log.source("front"));
    sides.start(broker, ending.signal);
    await runUntilStopped({ ...ground, front, onFinding: watchdog.onFinding }, broker, ending.signal);
  } finally {
    ending.abort();
    await sides.stop();
    await probed.catch(() => undefined);
    evidence.close();
  }
}

async function probe(cells: ProbedCells, log: Log, signal: AbortSignal): Promise<void> {
  const status = await cells.probe(signal);
  // A hundred walls that hold would hide the one that does not.
  if (status.kind === "off") log.warn("the sandbox is off", { ...status, walls: status.walls.filter((w) => !w.held) });
}

function openFront({ options, keeper, vault, log }: Ground): Front {
  return createFront({
    config: keeper.config,
    home: options.paths.home,
    vault,
    isOpen: () => vault.status().state === "open",
    now: systemClock.now,
    log: log.source("front"),
  });
}

function openNetwork({ options, keeper, log }: Ground, front: Front): NetworkSide {
  return createNetworkSide({
    env: options.env,
    codeRoot: options.codeRoot,
    tlsFingerprint: () => front.certificate()?.fingerprint,
    config: keeper.config,
    clock: systemClock,
    log: log.source("network"),
  });
}

/** Whoever opens the gateway to others is told what that means, every time. */
function tellReach({ gateway }: Config, broker: Broker, log: Log): void {
  const { tls, auth, allowedAddresses } = gateway;
  const { listening } = broker.status();
  const exposure = assessExposure({ listening, isTls: tls.enabled, authMode: auth.mode, allowedAddresses });
  if (exposure.level !== "machine") for (const line of exposure.lines) log.warn(line);
}

/** Whatever goes wrong meanwhile, what was started is ended before the lock on the state directory is let go. */
async function runUntilStopped(
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
    keeper.watch({ broker, log, redactor, seed, onFinding }, ending);
    graceMs = await untilStopped(broker, options.signal);
  } finally {
    await broker.stop(graceMs);
  }
}

function seedWorkspaces(config: Config, paths: StatePaths): void {
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

function openBroker(
  { options, keeper, vault, redactor, log, starts }: Ground,
  {
    front,
    network,
    readSecret,
    sides,
    screen,
    ...parts
  }: {
    readonly launched: Launched | undefined;
    readonly auditWriter: AuditWriter;
    readonly cells: ProbedCells;
    readonly probed: Promise<unknown>;
    readonly front: Front;
    readonly network: NetworkSide;
    readonly readSecret: VaultSide["readSecret"];
    readonly sides: Sides;
    readonly screen: DlpSide["screen"];
    readonly areas: AreaHandlers;
    readonly settings: (status: GatewayStatus) => Promise<GatewayStart>;
  },
): Broker {
  const { paths } = options;
  const ceiling = () => ceilingOf(keeper.config(), paths);
  return createBroker({
    ...parts,
    ...gatewayProgram(options),
    more: { ...brokerAnswers({ keeper, log, redactor }), ...sides.answers },
    guards: sides.guards,
    inForce: sides.inForce,
    parts: sides.parts,
    version: options.version,
    profile: paths.profile,
    paths,
    config: keeper.service,
    ...starts.told,
    vault,
    egress: screen(
      createBrokerEgress({
        ceiling,
        readSecret,
        rules: () => egressOf(keeper.config(), paths, ceiling()).routes,
        proxy: () => keeper.config().egress.proxy,
      }),
    ),
    ceiling,
    channelRoute: (channel, account) => channelRoute(keeper.config(), channel, account),
    defaultModel: () => keeper.config().agents.defaults.model.primary,
    async onSecretsChanged() {
      redactor.refresh();
    },
    pages: (address) => pageAddresses(keeper.config(), address, network.url()),
    network: network.status,
    listen: () => listenAddresses(keeper.config()),
    certificate: () => front.certificate(),
    log,
    clock: systemClock,
    root: options.root,
  });
}
