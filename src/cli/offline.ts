// The owner's methods where no gateway runs: the same calls, on the same files, through the same config module and
// vault. A change takes the lock of the state directory, so that no gateway starts on half of it.
import { systemClock } from "../base/clock.ts";
import { LoricaError } from "../base/errors.ts";
import { isRecord } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import type { Parsed } from "../base/parsed.ts";
import {
  createConfigFile,
  lockMeetingDir,
  lockStateDir,
  parseAssignment,
  parseConfigPath,
  prepareStateDir,
  renderIssues,
  viewConfig,
} from "../config/config.ts";
import type { ConfigFile, Edit, EditResult, Environment, StatePaths } from "../config/config.ts";
import type {
  ConfigChange,
  ConfigRevision,
  ConfigView,
  OwnerMethodName,
  OwnerParamsOf,
} from "../protocol/owner-methods.ts";
import type { Owner } from "./context.ts";

/** The vault, as far as a command needs it. Handed in, because only the program's root may open it. */
export type Keys = {
  set(name: string, value: string): Promise<{ readonly replaced: boolean }>;
  list(): Promise<readonly { readonly name: string; readonly updatedAt: number }[]>;
  remove(name: string): Promise<boolean>;
  /** Makes one where there is none. */
  showToken(): Promise<{ readonly token: string; readonly source: "environment" | "vault" }>;
  createToken(): Promise<string>;
};

export type OfflineOptions = {
  readonly paths: StatePaths;
  readonly env: Environment;
  /** `given` are values that the config or the environment brings; they go before stored ones. */
  readonly openKeys: (given: ReadonlyMap<string, string>) => Promise<Keys>;
};

type Params = Readonly<Record<string, unknown>>;
type Methods = Partial<Record<OwnerMethodName, (params: Params) => Promise<unknown>>>;

const actor = "cli";

export function openOffline(options: OfflineOptions): Owner {
  const file = createConfigFile({ paths: options.paths, env: options.env, clock: systemClock });
  const methods: Methods = {
    ...configMethods(file, options),
    ...keyMethods(file, options),
  };
  return {
    running: false,
    async call(method, params) {
      const found = Object.hasOwn(methods, method) ? methods[method as OwnerMethodName] : undefined;
      if (found === undefined)
        throw new LoricaError("unavailable", `no gateway is running, and ${method} needs one`, {
          details: { reason: "not_running" },
        });
      return found(isRecord(params) ? params : {});
    },
    close: () => Promise.resolve(),
  };
}

/** Runs a change with the state directory checked, made private, and locked. */
async function changing<T>({ paths }: OfflineOptions, work: () => Promise<T>): Promise<T> {
  await prepareStateDir(paths);
  const lock = await lockStateDir({
    stateDir: paths.stateDir,
    configPath: paths.configPath,
    workspaces: [],
    // No port is taken; the number only has to be nobody's.
    port: 0,
    meetingDir: lockMeetingDir(paths.home),
  });
  try {
    return await work();
  } finally {
    lock.release();
  }
}

function configMethods(file: ConfigFile, options: OfflineOptions): Methods {
  const calls = createConfigCalls(file, options.paths);
  return {
    "config.get": ({ path }) => calls.view(textOf(path)),
    "config.set": ({ edits, baseHash }) =>
      changing(options, () => calls.edit(edits as OwnerEdits, { baseHash: textOf(baseHash), actor })),
    "config.history": async ({ limit }) => ({
      revisions: await calls.history(typeof limit === "number" ? limit : limits.configHistoryMax),
    }),
    "config.rollback": ({ to }) => changing(options, () => calls.rollback(textOf(to), actor)),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export type OwnerEdits = OwnerParamsOf<"config.set">["edits"];

/** The config as the owner's methods speak of it; also what a running broker answers with. */
export type ConfigCalls = {
  view(path: string | undefined): Promise<ConfigView>;
  edit(
    edits: OwnerEdits,
    about: { readonly baseHash: string | undefined; readonly actor: string },
  ): Promise<ConfigChange>;
  history(limit: number): Promise<readonly ConfigRevision[]>;
  rollback(to: string | undefined, actor: string): Promise<ConfigChange>;
};

export function createConfigCalls(file: ConfigFile, paths: StatePaths): ConfigCalls {
  return {
    view: (path) => readView(file, paths, path),
    async edit(edits, about) {
      return changeOf(await file.edit(await Promise.all(edits.map(parseEdit)), about), paths);
    },
    history: async (limit) => (await readHistory(file)).slice(0, limit),
    async rollback(to, by) {
      return changeOf(await file.rollback({ actor: by, to }), paths);
    },
  };
}

async function readView(file: ConfigFile, paths: StatePaths, key: string | undefined): Promise<ConfigView> {
  const loaded = await file.load();
  const path = key === undefined ? [] : requireParsed(await parseConfigPath(key));
  const notices = loaded.notices.map((notice) => renderIssues([notice]));
  const base = { path: paths.configPath, hash: loaded.hash, notices };
  if (loaded.kind === "invalid") {
    const issues = renderIssues(loaded.issues).split("\n");
    return { ...base, exists: true, value: null, valid: false, issues };
  }
  const value = await viewConfig(loaded.config, path);
  return { ...base, exists: loaded.origin === "file", value, valid: true, issues: [] };
}

async function parseEdit(edit: OwnerEdits[number]): Promise<Edit> {
  if ("text" in edit) return { op: "set", ...requireParsed(await parseAssignment(edit.path, edit.text)) };
  const path = requireParsed(await parseConfigPath(edit.path));
  return "unset" in edit ? { op: "unset", path } : { op: "set", path, value: edit.value };
}

function requireParsed<T>(result: Parsed<T>): T {
  if (result.ok) return result.value;
  throw new LoricaError("invalid_request", result.reason);
}

function changeOf(result: EditResult, paths: StatePaths): ConfigChange {
  if (result.kind === "unchanged") return { hash: result.hash, changed: [], notices: [] };
  if (result.kind === "refused")
    throw new LoricaError(
      "config_invalid",
      `nothing was written to ${paths.configPath}:\n${renderIssues(result.issues)}`,
      { details: { issues: renderIssues(result.issues).split("\n") } },
    );
  const changed = result.changes.map(({ path, reload }) => ({ path, reload }));
  return { hash: result.loaded.hash, changed, notices: result.loaded.notices.map((notice) => renderIssues([notice])) };
}

/** Newest first. A revision whose file is still among the copies names it. */
async function readHistory(file: ConfigFile): Promise<readonly ConfigRevision[]> {
  const { versions, entries } = await file.history();
  const revisions = entries.map((entry) => ({
    at: Date.parse(entry.at),
    actor: entry.actor,
    changedPaths: entry.changed,
    hashBefore: entry.before,
    hashAfter: entry.after,
    suspicious: entry.suspicious,
    backup: versions.find(({ hash }) => hash === entry.after)?.name ?? null,
  }));
  return revisions.toReversed();
}

function keyMethods(file: ConfigFile, options: OfflineOptions): Methods {
  const open = async (): Promise<Keys> => {
    const loaded = await file.load();
    // A config that cannot be read names no values; the stored ones are there all the same.
    return options.openKeys(loaded.kind === "loaded" ? loaded.secrets : new Map());
  };
  return {
    "secret.set": ({ name, value }: Params) =>
      changing(options, async () => {
        if (name === "gateway:token")
          throw new LoricaError("invalid_request", "the gateway's token is made with: lorica token create");
        return { name, ...(await (await open()).set(String(name), String(value))) };
      }),
    "secret.list": async () => ({ secrets: await (await open()).list() }),
    "secret.remove": ({ name }: Params) =>
      changing(options, async () => ({ name, removed: await (await open()).remove(String(name)) })),
    "token.show": () => changing(options, async () => (await open()).showToken()),
    "token.create": () =>
      changing(options, async () => ({ token: await (await open()).createToken(), source: "vault" })),
  };
}
