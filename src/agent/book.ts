// What a turn's models said and cost, on its way into the journal and the ledger: both in one write.
import type { Label } from "../base/label.ts";
import { noUsage } from "../base/transcript.ts";
import type { Usage } from "../base/transcript.ts";
import type { Closing, NewEntry, Turn, UsageRow } from "../store/store.ts";
import type { Window } from "./context/window.ts";
import type { Answer } from "./journal.ts";
import type { TurnRunnerOptions } from "./runner.ts";
import { addUsage, usageOf } from "./usage.ts";

export type BookedCall = { readonly provider: string; readonly model: string; readonly trigger: "turn" | "compaction" };

export type Book = {
  /** Writes an answer after which the turn goes on. */
  keep(answer: Answer): Promise<void>;
  /** Holds the answer with which the turn ends, for whoever stores that end. */
  conclude(answer: Answer): void;
  closing(): Closing | undefined;
  /** Writes a call to the ledger of which the journal knows nothing: a failed attempt, a summary. */
  spend(usage: Usage, call: BookedCall): Promise<void>;
  usage(): Usage;
};

export function createBook(
  { store, clock }: Pick<TurnRunnerOptions, "store" | "clock">,
  { turn, window, label }: { readonly turn: Turn; readonly window: Window; readonly label: () => Label },
): Book {
  let offJournal = noUsage;
  let closing: Closing | undefined;

  function rowOf(usage: Usage, { provider, model, trigger }: BookedCall): UsageRow {
    const { id: turnId, sessionKey, agentId } = turn;
    return { ...usage, turnId, sessionKey, agentId, provider, model, trigger, at: clock.now() };
  }

  function written(answer: Answer): Closing {
    const entry: NewEntry = { windowId: turn.windowId, turnId: turn.id, label: label(), body: answer };
    const { provider, model } = answer;
    return { entries: [entry], usage: [rowOf(answer.usage, { provider, model, trigger: "turn" })] };
  }

  return {
    async keep(answer) {
      const { entries, usage } = written(answer);
      await window.append(entries, { usage, durability: "ordered" });
    },
    conclude(answer) {
      offJournal = addUsage(offJournal, answer.usage);
      closing = written(answer);
    },
    closing: () => closing,
    async spend(usage, call) {
      offJournal = addUsage(offJournal, usage);
      await store.usage.add(rowOf(usage, call));
    },
    usage: () => addUsage(offJournal, usageOf(window.entries(), turn.id)),
  };
}
