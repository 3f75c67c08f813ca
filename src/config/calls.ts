// The config as the owner's methods speak of it, whoever answers them: a running broker on its socket, or a command that
// works on the files of a stopped one.
import { LoricaError } from "../base/errors.ts";
import type { Json } from "../base/json.ts";
import type { Parsed } from "../base/parsed.ts";
import type { PendingEdit } from "../protocol/owner/watchdog.ts";
import type { ConfigChange, ConfigRevision, ConfigView, OwnerParamsOf } from "../protocol/owner-methods.ts";
import { digestOf } from "./file.ts";
import type { ConfigFile, Edit, EditResult } from "./file.ts";
import type { StatePaths } from "./paths.ts";
import { renderIssues } from "./read/issue.ts";
import type { Path } from "./read/issue.ts";
import type { Config } from "./schema/schema.ts";

export { parseDotEnv } from "./environment.ts";
export { secretNameOfVariable } from "./providers.ts";

export { createRemoteConfig } from "./remote/remote.ts";
export type { RemoteChange, RemoteConfig, RemoteView } from "./remote/remote.ts";

export type OwnerEdits = OwnerParamsOf<"config.set">["edits"];

export type ConfigCalls = {
  view(path: string | undefined): Promise<ConfigView>;
  edit(
    edits: OwnerEdits,
    about: { readonly baseHash: string | undefined; readonly actor: string },
  ): Promise<ConfigChange>;
  history(limit: number): Promise<readonly ConfigRevision[]>;
  rollback(to: string | undefined, actor: string): Promise<ConfigChange>;
  /** What others did to the files and what is not in force, newest first. */
  pending(): Promise<readonly PendingEdit[]>;
  accept(only: readonly string[], actor: string, digest?: string): Promise<ConfigChange>;
  reject(): Promise<{ readonly rejected: number }>;
};

export function createConfigCalls(file: ConfigFile, paths: StatePaths): ConfigCalls {
  return {
    view: (path) => readView(file, paths, path),
    async edit(edits, about) {
      const change = changeOf(await file.edit(await Promise.all(edits.map(parseEdit)), about), paths);
      const waiting = (await file.pending()).find(({ state }) => state === "waiting");
      if (waiting === undefined) return change;
      const notice = `an edit by hand is not in force (${waiting.what}). To use it: lorica config accept`;
      return { ...change, notices: [...change.notices, notice] };
    },
    history: async (limit) => (await readHistory(file)).slice(0, limit),
    async rollback(to, by) {
      return changeOf(await file.rollback({ actor: by, to }), paths);
    },
    pending: async () =>
      (await file.pending()).map((edit) => {
        const { id, at, state, what, widening, changes } = edit;
        return { id, digest: digestOf(edit), at: Date.parse(at), state, what, widening, changes };
      }),
    accept: async (only, by, digest) => changeOf(await file.accept(only, by, digest), paths),
    reject: async () => ({ rejected: await file.reject() }),
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
  const fault = value === undefined ? (await import("./edit/translate.ts")).askedKeyFault(path) : undefined;
  if (fault !== undefined) throw new LoricaError("not_found", fault);
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
  if (result.kind === "refused")
    throw new LoricaError(
      "config_invalid",
      `nothing was written to ${paths.configPath}:\n${renderIssues(result.issues)}`,
      { details: { issues: renderIssues(result.issues).split("\n") } },
    );
  const { secretsKept } = result;
  if (result.kind === "unchanged") return { hash: result.hash, changed: [], notices: [], secretsKept };
  const changed = result.changes.map(({ path, reload }) => ({ path, reload }));
  const notices = result.loaded.notices.map((notice) => renderIssues([notice]));
  return { hash: result.loaded.hash, changed, notices, secretsKept };
}

/** Newest first. A revision whose file is still among the copies names it. */
async function readHistory(file: ConfigFile): Promise<readonly ConfigRevision[]> {
  const { versions, entries } = await file.history();
  // The same content may have been there more than once; its copy is of the last time.
  const lastOf = new Map(entries.map((entry) => [entry.after, entry]));
  const revisions = entries.map((entry) => ({
    at: Date.parse(entry.at),
    actor: entry.actor,
    changedPaths: entry.changed,
    hashBefore: entry.before,
    hashAfter: entry.after,
    suspicious: entry.suspicious,
    flags: [...(entry.flags ?? []), ...(entry.verdict === "held" ? ["not in force"] : [])],
    backup:
      lastOf.get(entry.after) === entry ? (versions.find(({ hash }) => hash === entry.after)?.name ?? null) : null,
  }));
  return revisions.toReversed();
}

/** A path and a value as somebody typed them behind `config set`. */
export async function parseAssignment(key: string, typed: string): Promise<Parsed<{ path: Path; value: Json }>> {
  const { parseValue } = await import("./edit/value.ts");
  const path = await parseConfigPath(key);
  if (!path.ok) return path;
  const value = parseValue(path.value, typed);
  return value.ok ? { ok: true, value: { path: path.value, value: value.value } } : value;
}

export async function parseConfigPath(key: string): Promise<Parsed<Path>> {
  return (await import("./edit/path.ts")).parsePath(key);
}

/** What `config get` shows: the whole, or the part at a key under its present or an earlier name. No secret is in it. */
export async function viewConfig(config: Config, path: Path = []): Promise<Json | undefined> {
  const [{ partOf, redactConfig }, { presentView }] = await Promise.all([
    import("./view.ts"),
    import("./edit/translate.ts"),
  ]);
  return presentView(path, config, (present) => partOf(redactConfig(config), present));
}
