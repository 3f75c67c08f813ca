// What the owner's methods need of the configuration. The config's own writer stands behind it.
import type { ConfigChange, ConfigRevision, ConfigView, OwnerParamsOf } from "../../protocol/owner-methods.ts";

export type OwnerEdits = OwnerParamsOf<"config.set">["edits"];

export type ConfigService = {
  /** The whole, or the part at `path`; secrets redacted. */
  view(path: string | undefined): Promise<ConfigView>;
  /** Writes only a whole that is valid. Throws `conflict` where somebody else wrote since `baseHash`. */
  edit(
    edits: OwnerEdits,
    about: { readonly baseHash: string | undefined; readonly actor: string },
  ): Promise<ConfigChange>;
  history(limit: number): Promise<readonly ConfigRevision[]>;
  rollback(to: string | undefined, actor: string): Promise<ConfigChange>;
  status(): {
    readonly hashOnDisk: string | null;
    readonly hashRunning: string | null;
    readonly restartNeeded: readonly string[];
    readonly notices: readonly string[];
  };
};
