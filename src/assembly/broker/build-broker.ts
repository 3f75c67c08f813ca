// The broker process, built in layer order: secrets, logs, cells, the way out, and then the gateway that may ask for them.
import type { Log } from "../../audit/audit.ts";
import { systemClock } from "../../base/clock.ts";
import type { Broker, ProbedCells } from "../../broker/broker.ts";
import type { BrokerOptions } from "../../cli/cli.ts";
import { renderIssues } from "../../config/config.ts";
import type { prepareStateDir } from "../../config/config.ts";
import { createRedactor } from "../../dlp/dlp.ts";
import { ensureGatewayToken, movePlainFile, vaultPlaces } from "../../vault/vault.ts";
import type { SealedVault } from "../../vault/vault.ts";
import { createStateSides } from "../backup/side.ts";
import type { EarlyGateway } from "../start/gateway-program.ts";
import { openWalls } from "./cells.ts";
import { createConfigKeeper } from "./config-keeper.ts";
import type { ConfigKeeper, Keeping } from "./config-keeper.ts";
import { openDlpSide } from "./dlp/side.ts";
import { openEvidenceSide } from "./evidence.ts";
import { gatewayStart } from "./gateway-start.ts";
import { createHooksSide } from "./hooks/hooks.ts";
import { openIncidentSide } from "./incident/incident.ts";
import { movePlainText } from "./move-plain-text.ts";
import { openBroker, openFront, openNetwork } from "./open-broker.ts";
import { openAlertBook, openLog } from "./open-parts.ts";
import type { Ground } from "./open-parts.ts";
import { runUntilStopped, seedWorkspaces, tellReach } from "./run-until-stopped.ts";
import { joinSides } from "./side.ts";
import { openOrAsk, openVaultSide } from "./vault.ts";
import { createWatchdogSide } from "./watchdog/watchdog.ts";
import type { Starts } from "./watchdog/starts.ts";
import type { WatchdogSide } from "./watchdog/watchdog.ts";

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
  const walls = openWalls(ground, evidence.writer, {
    watchdog: (): WatchdogSide => watchdog,
    onTried: () => sandbox.tell(),
    halted: incident.kill.halted,
    inspect: dlp.inspectEgress,
    readSecret: (...use) => vaultSide.readSecret(...use),
  });
  const { cells, egress } = walls;
  const ending = new AbortController();
  const front = openFront(ground);
  const sandbox = trySandbox(cells, log.source("sandbox"), ending.signal);
  const { probed } = sandbox;
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
      ...egress.areas,
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
        { listen, sandbox: sandbox.status() },
      ),
  });
  try {
    await broker.start();
    sandbox.serve(broker);
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

/** The probe may end before there is anybody to tell, and also before there is a broker at all. */
function trySandbox(cells: ProbedCells, log: Log, signal: AbortSignal) {
  let isTried = false;
  let serving: Broker | undefined;
  const status = () => (isTried ? cells.status() : undefined);
  const tell = (): void => {
    if (isTried) serving?.tell("sandbox", cells.status());
  };
  const probed = probe(cells, log, signal).then(() => {
    isTried = true;
    tell();
  });
  const serve = (broker: Broker): void => {
    serving = broker;
    tell();
  };
  return { probed, status, tell, serve };
}

async function probe(cells: ProbedCells, log: Log, signal: AbortSignal): Promise<void> {
  const status = await cells.probe(signal);
  // A hundred walls that hold would hide the one that does not.
  if (status.kind === "off") log.warn("the sandbox is off", { ...status, walls: status.walls.filter((w) => !w.held) });
}
