// What a look at the config files finds, compared with the look before it.
import { limits } from "../base/limits.ts";
import { parseAcknowledgement } from "../protocol/known/acknowledgement.ts";
import type { ConfigChange } from "./diff.ts";
import { watchFiles } from "./keep/watch.ts";
import type { InvalidConfig, Loaded, LoadedConfig, LoadOptions } from "./load.ts";

export type ConfigReload =
  | {
      readonly kind: "changed";
      readonly loaded: LoadedConfig;
      readonly changes: readonly ConfigChange[];
      /** Names of the secrets whose values are new, other or gone. */
      readonly secretsChanged: readonly string[];
    }
  /** What runs goes on with the config that it has. */
  | { readonly kind: "invalid"; readonly invalid: InvalidConfig }
  | { readonly kind: "lost"; readonly reason: string };

export type Watching = {
  readonly current: LoadedConfig;
  readonly options: LoadOptions;
  /** Where nothing was approved before, what runs is. */
  readonly approve: (running: LoadedConfig) => Promise<void>;
  /** Answers what holds, once others' changes were judged. */
  readonly screen: () => Promise<Loaded>;
  readonly onReload: (reload: ConfigReload) => void | Promise<void>;
  /** One change of the config at a time, and no look in the middle of one. */
  readonly inTurn: (work: () => Promise<void>) => Promise<void>;
};

/** Looks whenever a file changes, until `signal`; answers how to look at once. */
export function watchConfig(watching: Watching, signal: AbortSignal): () => Promise<void> {
  const { options, screen, onReload, inTurn } = watching;
  const { configPath, dotEnvPath } = options.paths;
  let known = watching.current;
  // What is wrong with the file, once said. Its correction is news, also where it only brings back what held before.
  let broken: string | undefined;

  async function look(): Promise<void> {
    const next = await screen();
    lookAtTheEnd(next);
    if (next.kind === "invalid") return refuse(next);
    const { diffConfigs } = await import("./diff.ts");
    const before = known;
    const changes = diffConfigs(before.config, next.config);
    const secretsChanged = changedSecrets(before, next);
    const isNews = broken !== undefined || next.hash !== before.hash || changes.length + secretsChanged.length > 0;
    known = next;
    broken = undefined;
    if (isNews) await onReload({ kind: "changed", loaded: next, changes, secretsChanged });
  }

  let atTheEnd: NodeJS.Timeout | undefined;
  /** What has ended is out of force at once, and not only when somebody looks for another reason. */
  function lookAtTheEnd(next: Loaded): void {
    clearTimeout(atTheEnd);
    const now = Date.now();
    const ends = (next.kind === "loaded" ? next.config.security.acknowledged : [])
      .flatMap((line) => parseAcknowledgement(line).until ?? [])
      .filter((until) => until > now);
    if (ends.length === 0 || signal.aborted) return;
    const waitMs = Math.min(Math.min(...ends) - now, limits.timerMaxMs);
    atTheEnd = setTimeout(() => void lookInTurn().catch(failed), waitMs).unref();
  }
  signal.addEventListener("abort", () => clearTimeout(atTheEnd), { once: true });

  async function refuse(invalid: InvalidConfig): Promise<void> {
    const issues = JSON.stringify(invalid.issues);
    if (issues === broken) return;
    broken = issues;
    await onReload({ kind: "invalid", invalid });
  }

  const lookInTurn = (): Promise<void> => inTurn(look);
  const failed = (error: unknown): void =>
    void onReload({ kind: "lost", reason: error instanceof Error ? error.message : String(error) });
  lookAtTheEnd(watching.current);
  inTurn(() => watching.approve(watching.current)).catch(failed);
  watchFiles(
    {
      files: () => [...known.files, configPath, dotEnvPath],
      onChange: lookInTurn,
      onLost: (reason) => void onReload({ kind: "lost", reason }),
    },
    signal,
  );
  return lookInTurn;
}

function changedSecrets(before: LoadedConfig, after: LoadedConfig): readonly string[] {
  const names = new Set([...before.secrets.keys(), ...after.secrets.keys()]);
  return [...names].filter((name) => before.secrets.get(name) !== after.secrets.get(name));
}
