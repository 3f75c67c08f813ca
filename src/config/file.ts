// The config file as its one writer sees it: edits with a base hash, copies before each write, a record of each change,
// and word of every change that somebody else makes. A config that does not validate is never written.
import type { Clock } from "../base/clock.ts";
import { LoricaError } from "../base/errors.ts";
import type { ConfigChange } from "./diff.ts";
import type { Edit } from "./edit/edit.ts";
import type { Environment } from "./environment.ts";
import { writeAtomically } from "./keep/atomic.ts";
import { createJournal } from "./keep/journal.ts";
import type { JournalEntry } from "./keep/journal.ts";
import {
  comparablePath,
  listVersions,
  readVersion,
  rotateBackups,
  versionNames,
  versionPath,
} from "./keep/versions.ts";
import type { ConfigVersion } from "./keep/versions.ts";
import type { Loaded, LoadedConfig, LoadOptions } from "./load.ts";
import { watchConfig } from "./look.ts";
import type { ConfigReload } from "./look.ts";
import type { StatePaths } from "./paths.ts";
import type { Issue } from "./read/issue.ts";

export type { ConfigChange } from "./diff.ts";
export type { Edit } from "./edit/edit.ts";
export type { JournalEntry } from "./keep/journal.ts";
export type { ConfigVersion } from "./keep/versions.ts";
export type { ConfigReload } from "./look.ts";

export type EditOptions = {
  /** The hash of the config that the edit was made for. A file that has changed since is not written. */
  readonly baseHash?: string | undefined;
  /** For the record: `cli`, `owner`, … */
  readonly actor: string;
  /** `not wider`: an edit that gives anybody more than before, or touches a credential, is refused. */
  readonly reach?: "not wider";
};

/** Names of the credentials that the edit set as plain text, and that were kept as secrets instead. */
type Kept = { readonly secretsKept: readonly string[] };

export type EditResult =
  | ({ readonly kind: "saved"; readonly loaded: LoadedConfig; readonly changes: readonly ConfigChange[] } & Kept)
  | ({ readonly kind: "unchanged"; readonly hash: string; readonly loaded: LoadedConfig } & Kept)
  /** The edited config is not valid; nothing was written. */
  | { readonly kind: "refused"; readonly issues: readonly Issue[] };

export type ConfigFile = {
  load(): Promise<Loaded>;
  edit(edits: readonly Edit[], options: EditOptions): Promise<EditResult>;
  history(): Promise<{ readonly versions: readonly ConfigVersion[]; readonly entries: readonly JournalEntry[] }>;
  /** To a version of `history`; without one, to the newest that is valid and not what is there. */
  rollback(options: EditOptions & { readonly to?: string | undefined }): Promise<EditResult>;
  /** What changed to the present file, from a version or from a file given by its absolute path. */
  compare(version: string): Promise<readonly ConfigChange[]>;
  /** Keeps the present file as the last good one, if it still is the one with this hash. */
  markGood(hash: string): Promise<void>;
  /** Answers how to look at once, for whoever has just changed something and does not want to wait to be told of it. */
  watch(
    current: LoadedConfig,
    onReload: (reload: ConfigReload) => void | Promise<void>,
    signal: AbortSignal,
  ): () => Promise<void>;
};

export type ConfigFileOptions = {
  readonly paths: StatePaths;
  readonly env: Environment;
  readonly clock: Clock;
  readonly overrides?: LoadOptions["overrides"];
  /**
   * Keeps a credential that an edit sets as plain text; the file then gets only its name. Called before the file is
   * written, so that no name is ever without its secret. Left out, the text is written as it is and reported.
   */
  readonly keepSecret?: (name: string, value: string) => Promise<void>;
};

export function createConfigFile(options: ConfigFileOptions): ConfigFile {
  const { paths } = options;
  const journal = createJournal(paths.configAuditPath);
  let queue: Promise<unknown> = Promise.resolve();
  /** One change at a time, whether or not the one before it went well. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work, work);
    queue = result.catch(() => undefined);
    return result;
  };
  const judge = async (bytes: Uint8Array | undefined): Promise<Loaded> =>
    (await import("./load.ts")).loadBytes(bytes, options);
  const store = createStore(options, { journal, judge });
  return {
    load: async () => (await import("./load.ts")).loadConfig(options),
    edit: (edits, edit) =>
      inTurn(async () => {
        const present = await readVersion(paths.configPath);
        const before = await judge(present);
        requireBase(before.hash, edit.baseHash);
        const edited = await editText(present, edits, options);
        if ("issues" in edited) return { kind: "refused", issues: edited.issues };
        const next = new TextEncoder().encode(edited.text);
        return store.save({ present, before, next, secrets: edited.secrets, ...edit });
      }),
    rollback: (edit) =>
      inTurn(async () => {
        const present = await readVersion(paths.configPath);
        const before = await judge(present);
        requireBase(before.hash, edit.baseHash);
        const next = await chooseVersion({ paths, judge, to: edit.to, hash: before.hash });
        return store.save({ present, before, next, secrets: new Map(), ...edit });
      }),
    history: async () => ({ versions: await listVersions(paths.configPath), entries: await journal.read() }),
    async compare(version) {
      const [then, now] = [
        await readVersion(comparablePath(paths.configPath, version)),
        await readVersion(paths.configPath),
      ];
      if (then === undefined)
        throw new LoricaError("not_found", `there is no version ${version} yet; ${await versionsThere(paths)}`);
      return changesBetween(await judge(then), await judge(now));
    },
    markGood: (hash) =>
      inTurn(async () => {
        const present = await readVersion(paths.configPath);
        const loaded = await judge(present);
        if (present === undefined || loaded.kind === "invalid" || loaded.hash !== hash) return;
        await store.noteStopped(loaded);
        await writeAtomically(paths.lastGoodPath, present);
      }),
    watch: (current, onReload, signal) =>
      watchConfig({ current, options, noteHand: store.noteHand, onReload, inTurn }, signal),
  };
}

type Saving = {
  readonly present: Uint8Array | undefined;
  readonly before: Loaded;
  readonly next: Uint8Array;
  readonly secrets: ReadonlyMap<string, string>;
} & EditOptions;

/** Writes what has been judged good, and records it. */
function createStore(
  { paths, clock, keepSecret }: ConfigFileOptions,
  { journal, judge }: { journal: ReturnType<typeof createJournal>; judge: (bytes: Uint8Array) => Promise<Loaded> },
) {
  const written = new Set<string>();
  const record = async (
    entry: Omit<JournalEntry, "at" | "suspicious" | "widening" | "changed">,
    changes: readonly ConfigChange[],
  ): Promise<void> => {
    const { widens } = await import("./widen.ts");
    const widening = changes.filter(widens).map(({ path }) => path);
    const changed = changes.map(({ path }) => path);
    await journal.append({
      at: new Date(clock.now()).toISOString(),
      ...entry,
      changed,
      suspicious: widening.length > 0,
      widening,
    });
  };
  return {
    async save({ present, before, next, secrets, actor, reach }: Saving): Promise<EditResult> {
      const after = await judge(next);
      if (after.kind === "invalid") {
        // What the edit brought in is in no file, so no line of the file would show it.
        const issues =
          before.kind === "loaded" ? after.issues.map(({ path, message }) => ({ path, message })) : after.issues;
        return { kind: "refused", issues };
      }
      const changes = await changesBetween(before, after);
      if (reach === "not wider") await refuseWider({ before, after, changes, secrets });
      for (const [name, value] of secrets) await keepSecret?.(name, value);
      const secretsKept = [...secrets.keys()];
      if (present !== undefined && after.hash === before.hash)
        return { kind: "unchanged", hash: after.hash, loaded: after, secretsKept };
      await rotateBackups(paths.configPath);
      await writeAtomically(paths.configPath, next);
      written.add(after.hash);
      await record({ actor, before: before.hash, after: after.hash }, changes);
      return { kind: "saved", loaded: after, changes, secretsKept };
    },
    /** What was edited by hand while nothing ran shows at the next start, against the last config that started. */
    async noteStopped(after: LoadedConfig): Promise<void> {
      const good = await readVersion(paths.lastGoodPath);
      const recorded = (await journal.read()).at(-1)?.after;
      if (good === undefined || recorded === after.hash) return;
      const before = await judge(good);
      if (before.hash === after.hash) return;
      await record({ actor: "hand", before: before.hash, after: after.hash }, await changesBetween(before, after));
    },
    /** A change that did not come through `save` was made by hand, and is recorded as that. */
    async noteHand(before: LoadedConfig, after: LoadedConfig): Promise<void> {
      if (before.hash === after.hash || written.delete(after.hash)) return;
      await record({ actor: "hand", before: before.hash, after: after.hash }, await changesBetween(before, after));
    },
  };
}

/** Fails closed: against what cannot be read nothing is known to be less. */
async function refuseWider(change: {
  readonly before: Loaded;
  readonly after: LoadedConfig;
  readonly changes: readonly ConfigChange[];
  readonly secrets: ReadonlyMap<string, string>;
}): Promise<void> {
  const { before, after, changes, secrets } = change;
  if (before.kind === "invalid") throw new LoricaError("config_invalid", "the config file is not valid");
  const { refuseWidening } = await import("./widen.ts");
  refuseWidening({ before: before.written, after: after.written, changes, secrets: [...secrets.keys()] });
}

function requireBase(present: string, base: string | undefined): void {
  if (base === undefined || base === present) return;
  throw new LoricaError(
    "conflict",
    "the config file has changed since it was read. Read it again, then repeat the change.",
    { details: { hash: present } },
  );
}

type Edited = { readonly text: string; readonly secrets: ReadonlyMap<string, string> };

/** The edited text, or the reasons why the file as it is cannot be edited. */
async function editText(
  present: Uint8Array | undefined,
  edits: readonly Edit[],
  { paths, env, keepSecret }: ConfigFileOptions,
): Promise<Edited | { readonly issues: readonly Issue[] }> {
  const { createFindings } = await import("./read/issue.ts");
  const { parseTree } = await import("./read/tree.ts");
  const { applyEdits } = await import("./edit/edit.ts");
  const { createEditing } = await import("./edit/resolve.ts");
  const { separateSecrets } = await import("./edit/separate.ts");
  const text = present === undefined ? "" : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(present);
  const findings = createFindings();
  if (text.trim() !== "") parseTree(text, paths.configPath, findings);
  if (findings.issues.length > 0) return { issues: findings.issues };
  const editing = await createEditing(paths.dotEnvPath, env);
  // A reference that is written back as what it stands for is not a new secret.
  const separated =
    keepSecret === undefined
      ? { edits, secrets: new Map<string, string>(), issues: [] }
      : separateSecrets(text, edits, editing);
  if (separated.issues.length > 0) return { issues: separated.issues };
  return { text: applyEdits(text, separated.edits, editing), secrets: separated.secrets };
}

type Choosing = {
  readonly paths: StatePaths;
  readonly judge: (bytes: Uint8Array) => Promise<Loaded>;
  readonly to: string | undefined;
  /** Of the present file. */
  readonly hash: string;
};

async function chooseVersion({ paths, judge, to, hash }: Choosing): Promise<Uint8Array> {
  const names = to === undefined ? versionNames().filter((name) => name !== "current") : [to];
  for (const name of names) {
    const bytes = await readVersion(versionPath(paths.configPath, name));
    if (bytes === undefined) continue;
    const loaded = await judge(bytes);
    if (to !== undefined || (loaded.kind === "loaded" && loaded.hash !== hash)) return bytes;
  }
  throw new LoricaError(
    "not_found",
    to === undefined
      ? "there is no earlier config that is valid and differs from the present one"
      : `there is no version ${to} yet; ${await versionsThere(paths)}`,
  );
}

async function versionsThere({ configPath }: StatePaths): Promise<string> {
  const names = (await listVersions(configPath)).map(({ name }) => name);
  return names.length === 0 ? "there is no config file either" : `there are: ${names.join(", ")}`;
}

/** Nothing where one of them cannot be read as a config: then there is nothing to compare. */
async function changesBetween(before: Loaded, after: Loaded): Promise<readonly ConfigChange[]> {
  if (before.kind === "invalid" || after.kind === "invalid") return [];
  const { diffConfigs } = await import("./diff.ts");
  return diffConfigs(before.written, after.written);
}
