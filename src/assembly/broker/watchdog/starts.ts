// Why this start came about, and what is done when a changed config does not live: after three failed starts in a row the
// last config that lived comes back, once and loudly. A crash loop without a change of the config leaves the config alone.
import { whileLocked } from "../../start/while-locked.ts";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AuditLog, LogWriter } from "../../../audit/audit.ts";
import { systemClock } from "../../../base/clock.ts";
import { isMissing, LoricaError } from "../../../base/errors.ts";
import { sha256 } from "../../../base/ids.ts";
import { limits } from "../../../base/limits.ts";
import { replaceFile } from "../../../base/replace-file.ts";
import type { Broker } from "../../../broker/broker.ts";
import type { BrokerOptions } from "../../../cli/cli.ts";
import { createConfigFile, listConfigVersions, renderChanges } from "../../../config/config.ts";
import type { ConfigFile, ConfigFileOptions, StatePaths } from "../../../config/config.ts";
import { openStartBook } from "../../../watchdog/watchdog.ts";
import type { Begun, StartBook } from "../../../watchdog/watchdog.ts";
import type { ConfigKeeper } from "../config-keeper.ts";
import type { BrokerSide } from "../side.ts";

type Cause = { readonly reason: string; readonly actor: string };

export type Starts = {
  /** This process keeps the state directory from now on: notes that a start begins, and why. */
  begin(config: string): Promise<void>;
  ended(): Promise<void>;
  /** What happens to the gateway process. */
  readonly told: {
    /** It ended by itself, so many times in a row. */
    readonly onDeath: (end: string, deaths: number) => Promise<void>;
    readonly onRestart: () => Promise<void>;
  };
  side(deps: StartsDeps): BrokerSide;
};

type StartsDeps = {
  readonly keeper: Pick<ConfigKeeper, "service">;
  readonly audit: AuditLog;
  readonly alertOwner: (text: string) => void;
  readonly log: Pick<LogWriter, "source">;
};

type Undone = { readonly said: string };

/** Opens the config, and where it has failed too often the one that lived before it. */
export async function openStarts(
  options: Pick<BrokerOptions, "paths" | "env" | "version"> & Pick<ConfigFileOptions, "sealing">,
  openKeeper: () => Promise<ConfigKeeper>,
): Promise<{ readonly keeper: ConfigKeeper; readonly starts: Starts }> {
  const { paths, version } = options;
  const book = openStartBook({ path: join(paths.watchdog, "starts.json"), version, clock: systemClock });
  const file = createConfigFile({ ...options, clock: systemClock });
  const undo = (hash: string) => undoFailing({ paths, file, book }, hash);
  try {
    const keeper = await openKeeper();
    const undone = await undo(keeper.service.status().hashRunning ?? "");
    return {
      keeper: undone === undefined ? keeper : await openKeeper(),
      starts: createStarts(options, file, { book, undone }),
    };
  } catch (error) {
    if (!(error instanceof LoricaError) || error.code !== "config_invalid") throw error;
    const hash = await hashOf(paths.configPath);
    const undone = await undo(hash);
    if (undone === undefined) {
      // Where a gateway runs, the book is its own, and this start was none.
      await whileLocked(paths, () => book.failed(hash)).catch(() => undefined);
      throw error;
    }
    return { keeper: await openKeeper(), starts: createStarts(options, file, { book, undone }) };
  }
}

type Undoing = { readonly paths: StatePaths; readonly file: ConfigFile; readonly book: StartBook };

async function undoFailing({ paths, file, book }: Undoing, hash: string): Promise<Undone | undefined> {
  const begun = await book.look(hash);
  if (begun.failures < limits.startFailuresMax) return undefined;
  const to = await goodVersion(paths, hash, begun.good);
  if (to === undefined) return undefined;
  return await whileLocked(paths, () => goBack(file, to, `${begun.failures} starts in a row failed`));
}

/** The name of the version that lived; undefined where none is known, or where it is the one that fails. */
async function goodVersion(paths: StatePaths, failing: string, good: string | null): Promise<string | undefined> {
  const versions = (await listConfigVersions(paths.configPath)).filter(({ name }) => name !== "current");
  const found = versions.find(({ name, hash }) => (good === null ? name === "last-good" : hash === good));
  return found === undefined || found.hash === failing ? undefined : found.name;
}

async function goBack(file: Pick<ConfigFile, "rollback" | "compare">, to: string, why: string): Promise<Undone> {
  const changes = (await file.compare(to)).map(({ path }) => path);
  await file.rollback({ to, actor: "watchdog" });
  return { said: sayUndone(why, changes) };
}

function sayUndone(why: string, changes: readonly string[]): string {
  const shown = changes.slice(0, limits.wideningShownMax).join(", ");
  return `${why} after the config had changed (${shown === "" ? "it is not valid" : shown}), so the last config that worked is back. Yours is openclaw.json.bak; to compare: lorica config diff bak`;
}

function createStarts(
  { paths, version }: Pick<BrokerOptions, "paths" | "version">,
  file: ConfigFile,
  { book, undone }: { readonly book: StartBook; readonly undone: Undone | undefined },
): Starts {
  let latest: Cause & { readonly at: number } = { at: systemClock.now(), reason: "it was started", actor: "unknown" };

  async function tell(cause: Cause, changes = ""): Promise<void> {
    latest = { at: systemClock.now(), ...cause };
    const at = new Date(latest.at).toISOString();
    const sentinel = {
      at,
      reason: cause.reason,
      actor: cause.actor,
      version,
      configChanges: changes.split("\n").filter(Boolean),
    };
    await replaceFile(join(paths.stateDir, "restart-sentinel.json"), `${JSON.stringify(sentinel, undefined, 2)}\n`);
  }

  let deps: StartsDeps | undefined;
  return {
    async begin(config) {
      const begun = await book.begin(config);
      const changes = await changesSince(begun, config, { paths, file });
      await tell(undone === undefined ? causeOf(begun, version) : { reason: undone.said, actor: "watchdog" }, changes);
    },
    ended: () => book.ended(),
    told: {
      async onDeath(end, deaths) {
        await tell({ reason: `the gateway process ended by itself: ${end}`, actor: "unknown" });
        if (deaths === limits.startFailuresMax && deps !== undefined) await undoRunning(deaths, { paths, book }, deps);
      },
      onRestart: () => tell({ reason: "the owner asked for another gateway process", actor: "owner" }),
    },
    side(given) {
      deps = given;
      return createSide({ book, undone, told: () => latest }, given);
    },
  };
}

function causeOf({ before }: Begun, version: string): Cause {
  if (before === undefined) return { reason: "the first start", actor: "owner" };
  if (before.version !== version) return { reason: `updated from ${before.version} to ${version}`, actor: "owner" };
  if (before.state === "ended") return { reason: "started after it had been stopped in order", actor: "owner" };
  return {
    reason: "the run before did not end in order: it crashed, was killed, or the machine went down",
    actor: "unknown",
  };
}

/** One line for each key, without secrets; empty where the config of the run before is not among the copies. */
async function changesSince(
  { before }: Begun,
  config: string,
  { paths, file }: { readonly paths: StatePaths; readonly file: ConfigFile },
): Promise<string> {
  if (before === undefined || before.config === config) return "";
  const was = (await listConfigVersions(paths.configPath)).find(({ hash }) => hash === before.config);
  return was === undefined ? "" : await renderChanges(await file.compare(was.name));
}

/** Here the owner is told at once: the broker lives, only its gateway does not. */
async function undoRunning(
  deaths: number,
  { paths, book }: Pick<Undoing, "paths" | "book">,
  deps: StartsDeps,
): Promise<void> {
  const { service } = deps.keeper;
  const hash = service.status().hashRunning ?? "";
  const to = await goodVersion(paths, hash, (await book.look(hash)).good);
  if (to === undefined) return;
  const changes = await service.rollback(to, "watchdog");
  const keys = "changed" in changes ? changes.changed.map(({ path }) => path) : [];
  sayLoudly(sayUndone(`the gateway died ${deaths} times in a row`, keys), deps);
}

function sayLoudly(said: string, { audit, alertOwner }: Pick<StartsDeps, "audit" | "alertOwner">): void {
  audit.record({ kind: "watchdog", rule: "config.crash-loop", actor: "watchdog", reason: said });
  alertOwner(said);
}

type Watching = {
  readonly book: StartBook;
  readonly undone: Undone | undefined;
  readonly told: () => Cause & { readonly at: number };
};

function createSide({ book, undone, told }: Watching, deps: StartsDeps): BrokerSide {
  const report = (err: unknown): void => deps.log.source("start").error("the book of starts was not kept", { err });
  const hash = (): string => deps.keeper.service.status().hashRunning ?? "";
  return {
    part() {
      const { at, reason } = told();
      return { name: "start", state: "on", detail: `${new Date(at).toISOString()}: ${reason}`, fix: null };
    },
    start(broker, signal) {
      if (undone !== undefined) sayLoudly(undone.said, deps);
      watchLife(broker, { book, hash, report }, signal);
    },
  };
}

/** The config that holds is good once a gateway process has lived with it for a while. */
function watchLife(
  broker: Pick<Broker, "status">,
  {
    book,
    hash,
    report,
  }: { readonly book: StartBook; readonly hash: () => string; readonly report: (error: unknown) => void },
  signal: AbortSignal,
): void {
  let life = { hash: hash(), pid: -1, since: 0 };
  const look = async (): Promise<void> => {
    const { state, pid } = broker.status().gateway;
    const now = performance.now();
    if (hash() !== life.hash) await book.changed(hash());
    if (state !== "running" || pid !== life.pid || hash() !== life.hash)
      life = { hash: hash(), pid: pid ?? -1, since: now };
    else if (now - life.since >= limits.gatewayStableMs) await book.lived();
  };
  const timer = setInterval(() => void look().catch(report), limits.gatewayStableMs / 12).unref();
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  look().catch(report);
}

async function hashOf(path: string): Promise<string> {
  try {
    return sha256(await readFile(path));
  } catch (cause) {
    if (isMissing(cause)) return "";
    throw cause;
  }
}
