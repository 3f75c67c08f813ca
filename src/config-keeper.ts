// Keeps the config that a running broker goes by: reads it at the start, writes what the owner changes, takes up what
// changes by hand, and knows what waits for the next start.
import { systemClock } from "./base/clock.ts";
import { LoricaError } from "./base/errors.ts";
import type { Broker, ConfigService, LogSettings, LogWriter } from "./broker/broker.ts";
import type { BrokerOptions } from "./cli/cli.ts";
import { createConfigCalls, createConfigFile, renderIssues } from "./config/config.ts";
import type { Config, ConfigReload, LoadedConfig } from "./config/config.ts";
import type { Redactor } from "./dlp/dlp.ts";

/** What a change of the config reaches. */
export type Reached = { readonly broker: Broker; readonly log: LogWriter; readonly redactor: Redactor };

export type ConfigKeeper = {
  /** The config that holds now. */
  readonly config: () => Config;
  /** Secrets that the config and the environment give, by name; changed in place when they change. */
  readonly given: ReadonlyMap<string, string>;
  readonly service: ConfigService;
  /** The config has started a gateway: it is what a rollback goes back to. */
  markGood(): Promise<void>;
  /** From now on a change of the files takes effect, as far as it can while running. */
  watch(reached: Reached, signal: AbortSignal): void;
};

/** `keepSecret` takes a credential that an edit would otherwise leave in the file as plain text (CLI-015). */
export async function createConfigKeeper(
  options: BrokerOptions,
  keepSecret: (name: string, value: string) => Promise<void>,
): Promise<ConfigKeeper> {
  const { paths, env, overrides } = options;
  const file = createConfigFile({ paths, env, clock: systemClock, overrides, keepSecret });
  const first = await file.load();
  if (first.kind === "invalid") {
    const hint = "Correct it, or bring back the last one that worked: lorica config rollback";
    throw new LoricaError("config_invalid", `the config is not valid:\n${renderIssues(first.issues)}\n${hint}`);
  }
  const given = new Map(first.secrets);
  const restartNeeded = new Set<string>();
  let running: LoadedConfig = first;
  let hashOnDisk = first.hash;
  let problems: readonly string[] = [];

  const take = ({ broker, log, redactor }: Reached, reload: ConfigReload): void => {
    const source = log.source("config");
    if (reload.kind === "lost") return source.error("the config file is not watched any more", reload);
    if (reload.kind === "invalid") {
      hashOnDisk = reload.invalid.hash;
      problems = [`the config file is not valid and is not used:\n${renderIssues(reload.invalid.issues)}`];
      return source.error("the changed config is not valid; the one before it stays in force", { problems });
    }
    running = reload.loaded;
    hashOnDisk = running.hash;
    problems = [];
    given.clear();
    for (const [name, value] of running.secrets) given.set(name, value);
    redactor.refresh();
    for (const change of reload.changes) if (change.reload === "restart") restartNeeded.add(change.path);
    log.configure(logSettings(running.config, overrides.verbose), redactor);
    source.info("the config has changed", { changed: reload.changes.map(({ path }) => path) });
    broker.configure().catch((err: unknown) => source.error("the gateway did not take the changed config", { err }));
  };

  return {
    config: () => running.config,
    given,
    service: {
      ...createConfigCalls(file, paths),
      status: () => ({
        hashOnDisk,
        hashRunning: running.hash,
        restartNeeded: [...restartNeeded].toSorted(),
        notices: [...running.notices.map((notice) => renderIssues([notice])), ...problems],
      }),
    },
    markGood: () => file.markGood(running.hash),
    watch: (reached, signal) => file.watch(running, (reload) => take(reached, reload), signal),
  };
}

export function logSettings(config: Config, isVerbose: boolean): LogSettings {
  const { level, consoleLevel, consoleStyle } = config.logging;
  return { level, consoleLevel: isVerbose ? "debug" : consoleLevel, consoleStyle };
}
