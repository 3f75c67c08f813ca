// The one way into the config file: judged good, copied aside, written whole, recorded, and from then on what is approved.
import type { Clock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import type { ConfigChange } from "../diff.ts";
import type { EditOptions, EditResult } from "../file.ts";
import type { Loaded, LoadedConfig } from "../load.ts";
import type { StatePaths } from "../paths.ts";
import { writeAtomically } from "./atomic.ts";
import type { Approval, Judge } from "../guard/approval.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import type { Change } from "./record.ts";
import { readVersion, rotateBackups } from "./versions.ts";

export type Saving = {
  readonly present: Uint8Array | undefined;
  readonly before: Loaded;
  readonly next: Uint8Array;
  /** The included files that are in force; those that the edit names anew are read where they lie. */
  readonly files?: ReadonlyMap<string, Uint8Array> | undefined;
  readonly secrets: ReadonlyMap<string, string>;
} & EditOptions;

export type StoreParts = {
  readonly paths: StatePaths;
  readonly clock: Clock;
  readonly keepSecret?: ((name: string, value: string) => Promise<void>) | undefined;
  readonly journal: Journal;
  readonly approval: Approval;
  readonly judge: Judge;
  readonly onEntry: (entry: JournalEntry) => void;
};

export type Store = {
  save(saving: Saving): Promise<EditResult>;
  record(change: Change): Promise<void>;
  /** What was edited by hand while nothing ran shows at the next start, against the last config that started. */
  noteStopped(after: LoadedConfig): Promise<void>;
};

export function createStore({ paths, clock, keepSecret, journal, approval, judge, onEntry }: StoreParts): Store {
  const record = async (change: Change): Promise<void> => {
    const entry = (await import("./record.ts")).entryOf(change, clock);
    await journal.append(entry);
    onEntry(entry);
  };
  return {
    record,
    async save({ present, before, next, files, secrets, actor, reach }) {
      const after = await judge(next, files);
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
      // Approved first: a crash in between leaves the older file, which the approval then replaces.
      await approval.approve(after, actor);
      await writeAtomically(paths.configPath, next);
      await record({ actor, before, after, bytesBefore: present, bytesAfter: next, verdict: "applied" });
      return { kind: "saved", loaded: after, changes, secretsKept };
    },
    async noteStopped(after) {
      const good = await readVersion(paths.lastGoodPath);
      const recorded = (await journal.read()).findLast(({ verdict }) => verdict !== "held")?.after;
      if (good === undefined || recorded === after.hash) return;
      const before = await judge(good);
      if (before.hash === after.hash) return;
      const bytesAfter = after.sources.get(paths.configPath);
      await record({ actor: "hand", before, after, bytesBefore: good, bytesAfter, verdict: "applied" });
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
  const { refuseWidening } = await import("../widen.ts");
  refuseWidening({ before: before.written, after: after.written, changes, secrets: [...secrets.keys()] });
}

/** Nothing where one of them cannot be read as a config: then there is nothing to compare. */
export async function changesBetween(before: Loaded, after: Loaded): Promise<readonly ConfigChange[]> {
  if (before.kind === "invalid" || after.kind === "invalid") return [];
  const { diffConfigs } = await import("../diff.ts");
  return diffConfigs(before.written, after.written);
}
