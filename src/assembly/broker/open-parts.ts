// The parts of a broker that need nothing of each other, opened with what the config and the paths say.
import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import type { AuditWriter, LogWriter } from "../../audit/audit.ts";
import { openLogWriter } from "../../audit/writer/log-writer.ts";
import { systemClock } from "../../base/clock.ts";
import { createDiskLook } from "../../base/files/disk.ts";
import { createCells } from "../../broker/broker.ts";
import type { CellsOptions, ProbedCells } from "../../broker/broker.ts";
import type { BrokerOptions } from "../../cli/cli.ts";
import { compileCacheFolder } from "../../compile-cache.ts";
import { lockMeetingDir, sizeBytes } from "../../config/config.ts";
import type { Config, StatePaths } from "../../config/config.ts";
import { unreadableFolder } from "../../become-broker.ts";
import type { Redactor } from "../../dlp/dlp.ts";
import { vaultPlaces } from "../../vault/vault.ts";
import type { SealedVault } from "../../vault/vault.ts";
import { openAlerts } from "../../watchdog/watchdog.ts";
import type { AlertOwner, Alerts } from "../../watchdog/watchdog.ts";
import { hostGroups, openGroups } from "../../sandbox/sandbox.ts";
import { ceilingOf } from "../settings/ceiling.ts";
import { logSettings } from "./config-keeper.ts";
import type { ConfigKeeper } from "./config-keeper.ts";
import type { Starts } from "./watchdog/starts.ts";

/** What every part of a broker stands on. */
export type Ground = {
  readonly options: BrokerOptions;
  readonly keeper: ConfigKeeper;
  readonly vault: SealedVault;
  readonly redactor: Redactor;
  readonly log: LogWriter;
  readonly alerts: Alerts;
  readonly starts: Starts;
  /** Tells the owner, wherever they can be reached, and keeps it until they acknowledge it. */
  readonly alertOwner: AlertOwner;
};

export async function openAlertBook({ paths }: BrokerOptions, redactor: Redactor, writer: LogWriter): Promise<Alerts> {
  const log = writer.source("alert");
  return openAlerts({
    path: join(paths.watchdog, "alerts.json"),
    clock: systemClock,
    redact: (text) => redactor.redact(text),
    report: (text, err) => log.warn(text, err === undefined ? {} : { err }),
  });
}

export function openLog(options: BrokerOptions, config: Config, redactor: Redactor): LogWriter {
  const { rotation, maxFileBytes, file } = config.logging;
  const path = file ?? options.paths.logPath;
  return openLogWriter({
    path,
    isLow: createDiskLook(dirname(path)).isLow,
    maxBytes: sizeBytes(maxFileBytes ?? rotation.maxSize),
    maxFiles: rotation.maxFiles,
    settings: logSettings(config, options.overrides.verbose),
    redactor,
    clock: systemClock,
    print: (line) => process.stderr.write(`${line}\n`),
  });
}

export function openCells(
  { options, keeper }: Ground,
  auditWriter: AuditWriter,
  told: Pick<CellsOptions, "isFirst" | "isLowered" | "onInstructed" | "openWayOut">,
): ProbedCells {
  const { paths, codeRoot } = options;
  return createCells({
    agents: () => ceilingOf(keeper.config(), paths).agents,
    node: realpathSync(process.execPath),
    codeDir: join(codeRoot, "src", "sandbox", "cell"),
    cacheDir: join(paths.cache, "cell"),
    home: paths.home,
    protectedPaths: [
      ...protectedPaths(paths, codeRoot),
      dirname(vaultPlaces(paths, options.env).keyFile),
      unreadableFolder(options.env),
    ],
    audit: auditWriter.source("broker"),
    ...told,
    openGroups: () => openGroups(hostGroups(process.getuid?.() ?? 0)),
  });
}

/** What no workspace may be, hold or lie in: all that is the product's own, what it runs on, and where people keep keys. */
export function protectedPaths(paths: StatePaths, codeRoot: string): readonly string[] {
  const { credentials, configPath, dotEnvPath, state, agents, media, logs, run, cache, skills, memory, identity } =
    paths;
  const { watchdog, incident } = paths;
  const own = [
    credentials,
    configPath,
    dotEnvPath,
    state,
    agents,
    media,
    logs,
    run,
    cache,
    skills,
    memory,
    identity,
    watchdog,
    incident,
  ];
  const keys = [".ssh", ".gnupg", ".aws", ".kube", ".netrc"].map((name) => join(paths.home, name));
  // Whoever may write the program runs as the broker after the next start.
  const program = [codeRoot, realpathSync(process.execPath), compileCacheFolder()].filter((path) => path !== undefined);
  return [...own, ...program, lockMeetingDir(paths.home), ...keys];
}
