// The parts that keep a config file, wired to each other once.
import { join } from "node:path";
import type { ConfigFileOptions } from "../file.ts";
import { createApproval } from "../guard/approval.ts";
import type { Approval, Judge } from "../guard/approval.ts";
import { createApprovedStore } from "../guard/approved.ts";
import { createEmitter } from "../guard/fight.ts";
import { createGuard } from "../guard/guard.ts";
import type { Guard } from "../guard/guard.ts";
import { createPendingStore } from "../guard/pending.ts";
import type { PendingStore } from "../guard/pending.ts";
import { createJournal } from "./journal.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import { createStore } from "./store.ts";
import type { Store } from "./store.ts";

export type Keeping = {
  readonly approval: Approval;
  readonly guard: Guard;
  readonly journal: Journal;
  readonly pendingStore: PendingStore;
  readonly store: Store;
  readonly judge: Judge;
};

export function openKeeping(options: ConfigFileOptions): Keeping {
  const { paths, clock, keepSecret, sealing } = options;
  const journal = createJournal(paths.configAuditPath);
  const judge: Judge = async (bytes, held) => (await import("../load.ts")).loadBytes(bytes, { ...options, held });
  const pendingStore = createPendingStore(join(paths.watchdog, "pending"), sealing);
  const approved = createApprovedStore(join(paths.watchdog, "config"), paths.stateDir);
  const approval = createApproval({ paths, clock, judge, store: approved });
  const emitter = createEmitter();
  const store = createStore({ paths, clock, keepSecret, journal, approval, judge, onEntry });
  const load = async () => (await import("../load.ts")).loadConfig(options);
  const guard = createGuard({
    paths,
    env: options.env,
    clock,
    approval,
    pendingStore,
    load,
    judge,
    record: store.record,
    emitter,
  });
  return { approval, guard, journal, pendingStore, store, judge };

  /** What was done by hand is judged, and told of with its judgement. */
  function onEntry({ actor, verdict, changed, widening }: JournalEntry): void {
    if (verdict === "applied" && actor !== "hand") emitter.emit({ kind: "saved", actor, changed, widening });
  }
}
