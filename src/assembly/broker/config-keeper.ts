// Keeps the config that a running broker goes by: reads it at the start, writes what the owner changes, takes up what
// changes by hand, and knows what waits for the next start.
import { systemClock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import type { LogSettings, LogWriter } from "../../audit/audit.ts";
import type { Broker, BrokerAnswers, ConfigService } from "../../broker/broker.ts";
import type { BrokerOptions } from "../../cli/cli.ts";
import {
  createConfigCalls,
  createConfigFile,
  createRemoteConfig,
  holdBack,
  renderIssues,
} from "../../config/config.ts";
import type {
  Config,
  ConfigCalls,
  ConfigFile,
  ConfigFileOptions,
  ConfigReload,
  Finding,
  Loaded,
  LoadedConfig,
  RemoteConfig,
} from "../../config/config.ts";
import type { Redactor } from "../../dlp/dlp.ts";

/** What a change of the config reaches. */
export type Reached = {
  readonly broker: Broker;
  readonly log: LogWriter;
  readonly redactor: Redactor;
  /** Makes the workspaces that a config names and that are not there. */
  readonly seed: (config: Config) => void;
  /** A changed config is in force. */
  readonly onTaken: () => void;
  /** Told of every change that others made to the files. */
  readonly onFinding: (finding: Finding) => void;
};

export type ConfigKeeper = {
  /** The config that holds now. */
  readonly config: () => Config;
  /** Secrets that the config and the environment give, by name; changed in place when they change. */
  readonly given: Map<string, string>;
  /** Credentials that stand in the config as they are. */
  readonly plain: () => LoadedConfig["plain"];
  readonly service: ConfigService & ConfigCalls;
  /** The same for clients over the network. */
  readonly remote: RemoteConfig;
  /** Once this state directory is ours: what others did to the files meanwhile is put right, before anything is served. */
  begin(): Promise<void>;
  /** Whether the files that hold lie at their places; `fighting` where somebody else does not stop writing. */
  readonly filesState: () => "in place" | "fighting";
  /** The config has started a gateway: it is what a rollback goes back to. */
  markGood(): Promise<void>;
  /** From now on a change of the files takes effect, as far as it can while running. */
  watch(reached: Reached, signal: AbortSignal): void;
};

/** Takes a credential that an edit would otherwise leave in the file as plain text (CLI-015), and seals what waits. */
export type Keeping = Required<Pick<ConfigFileOptions, "keepSecret" | "sealing">>;

export async function createConfigKeeper(
  options: BrokerOptions,
  keeping: Keeping,
  given: Map<string, string> = new Map(),
): Promise<ConfigKeeper> {
  const { paths, overrides } = options;
  const file = createConfigFile({ ...options, ...keeping, clock: systemClock });
  const first = requireValid(await file.peek());
  replaceAll(given, first.secrets);
  let running: LoadedConfig = first;
  let restartNeeded: readonly string[] = [];
  let hashOnDisk = first.hash;
  let problems: readonly string[] = [];
  let look = async (): Promise<void> => undefined;
  const take = async ({ broker, log, redactor, seed, onTaken }: Reached, reload: ConfigReload): Promise<void> => {
    const source = log.source("config");
    if (reload.kind === "lost") return source.error("cannot look at the config files now", reload);
    if (reload.kind === "invalid") {
      hashOnDisk = reload.invalid.hash;
      problems = [`the config file is not valid and is not used:\n${renderIssues(reload.invalid.issues)}`];
      return source.error("the changed config is not valid; the one before it stays in force", { problems });
    }
    const report = (err: unknown): void => source.error("the changed config was not taken whole", { err });
    const { config, waiting, isShut } = await takeOver(running.config, reload.loaded);
    running = { ...reload.loaded, config };
    [restartNeeded, hashOnDisk, problems] = [waiting.toSorted(), running.hash, []];
    replaceAll(given, running.secrets);
    redactor.refresh();
    log.configure(logSettings(config, overrides.verbose), redactor);
    source.info("the config has changed", { changed: reload.changes.map(({ path }) => path) });
    try {
      seed(config);
      // A gateway process that let people in without asking is ended; another one asks them all.
      await (isShut ? broker.restart(0) : broker.configure());
      // What runs without a key that waits is proved good. Not awaited: this look is a turn of its own at the file.
      if (waiting.length === 0) void file.markGood(running.hash).catch(report);
      onTaken();
    } catch (error) {
      report(error);
    }
  };

  const [calls, remote] = [createConfigCalls(file, paths), createRemoteConfig(file)];
  /** Whoever is told that a change takes effect at once finds it so. */
  const thenTaken = async <T>(change: Promise<T>): Promise<T> => {
    const changed = await change;
    await look();
    return changed;
  };
  return {
    config: () => running.config,
    plain: () => running.plain,
    given,
    service: {
      ...calls,
      edit: (edits, about) => thenTaken(calls.edit(edits, about)),
      rollback: (to, actor) => thenTaken(calls.rollback(to, actor)),
      accept: (only, actor, digest) => thenTaken(calls.accept(only, actor, digest)),
      status: () => ({ hashOnDisk, hashRunning: running.hash, restartNeeded, notices: noticesOf(running, problems) }),
    },
    remote: { read: remote.read, write: (order) => thenTaken(remote.write(order)) },
    begin: () => begin(file),
    filesState: file.state,
    markGood: () => file.markGood(running.hash),
    watch(reached, signal) {
      file.listen(reached.onFinding);
      look = file.watch(running, (reload) => take(reached, reload), signal);
    },
  };
}

/** A key that needs a restart waits for one, but not once the owner's acknowledgement of it has ended. */
async function takeOver(running: Config, { config: next, lapsed }: LoadedConfig) {
  const { gateway } = running;
  const isShut = lapsed.includes("gateway.auth.mode") && gateway.auth.mode !== next.gateway.auth.mode;
  const auth = { ...gateway.auth, mode: next.gateway.auth.mode };
  const base = isShut ? { ...running, gateway: { ...gateway, auth } } : running;
  return { ...(await holdBack(base, next)), isShut };
}

async function begin(file: ConfigFile): Promise<void> {
  requireValid(await file.screen());
  await file.sealPending();
}

function noticesOf({ notices }: LoadedConfig, problems: readonly string[]): readonly string[] {
  return [...notices.map((notice) => renderIssues([notice])), ...problems];
}

function replaceAll(map: Map<string, string>, next: ReadonlyMap<string, string>): void {
  map.clear();
  for (const [name, value] of next) map.set(name, value);
}

function requireValid(loaded: Loaded): LoadedConfig {
  if (loaded.kind === "loaded") return requireLocal(loaded);
  const hint = "Correct it, or bring back the last one that worked: lorica config rollback";
  throw new LoricaError("config_invalid", `the config is not valid:\n${renderIssues(loaded.issues)}\n${hint}`);
}

/** A second gateway beside the one that the owner uses would answer on the same channels. */
function requireLocal(loaded: LoadedConfig): LoadedConfig {
  if (loaded.config.gateway.mode === "local") return loaded;
  throw new LoricaError(
    "config_invalid",
    'gateway.mode is "remote": the gateway is elsewhere, and none is started here. To run one here: ' +
      "lorica config set gateway.mode local",
  );
}

/** What the broker answers the gateway besides effects: the config, for clients over the network. */
export function brokerAnswers(keeper: ConfigKeeper): BrokerAnswers {
  const status = () => {
    const { hashOnDisk, hashRunning, restartNeeded } = keeper.service.status();
    return { hashOnDisk, hashRunning, restartNeeded };
  };
  return {
    "config.status": async () => status(),
    "config.read": async () => ({ ...(await keeper.remote.read()), status: status() }),
    "config.write": async (order) => await keeper.remote.write(order),
  };
}

export function logSettings(config: Config, isVerbose: boolean): LogSettings {
  const { level, consoleLevel, consoleStyle } = config.logging;
  return { level, consoleLevel: isVerbose ? "debug" : consoleLevel, consoleStyle };
}
