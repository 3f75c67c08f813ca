// What the config file is to those who read, change and watch it.
import type { Clock } from "../../base/clock.ts";
import type { ConfigChange } from "../diff.ts";
import type { Edit } from "../edit/edit.ts";
import type { Environment } from "../environment.ts";
import type { Finding } from "../guard/guard.ts";
import type { Pending, Sealing } from "../guard/pending.ts";
import type { Loaded, LoadedConfig, LoadOptions } from "../load.ts";
import type { ConfigReload } from "../look.ts";
import type { StatePaths } from "../paths.ts";
import type { Issue } from "../read/issue.ts";
import type { JournalEntry } from "./journal.ts";
import type { ConfigVersion } from "./versions.ts";

export type { ConfigChange, ConfigReload, ConfigVersion, Edit, Finding, JournalEntry, Pending, Sealing };

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
  /** The files as they are, whoever wrote them. */
  load(): Promise<Loaded>;
  /** The config that holds: a change that others made and that gives somebody more is put aside, and the files put back. */
  screen(): Promise<Loaded>;
  /** The same answer, and nothing is done about it. */
  peek(): Promise<Loaded>;
  /** Every change that others made, also before anybody listened. */
  listen(listener: (finding: Finding) => void): void;
  /** `fighting`: somebody keeps writing, so the files are left alone and are not what holds. */
  state(): "in place" | "fighting";
  /** What was put aside, newest first. */
  pending(): Promise<readonly Pending[]>;
  /** Seals what an earlier version has put aside as plain text. */
  sealPending(): Promise<void>;
  /** The edit of this digest comes into force, or only these keys of it; without a digest the one that waits, if there is just one. */
  accept(only: readonly string[], actor: string, digest?: string): Promise<EditResult>;
  /** Answers how many edits waited. */
  reject(): Promise<number>;
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
  /** Seals what is put aside, which may hold a credential. Left out, it is kept as it was written. */
  readonly sealing?: Sealing | undefined;
};
