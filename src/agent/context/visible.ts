// Which of a window's entries the model sees: what came after the last compaction, without commands and without the
// scraps of turns that were given up.
import type { Entry } from "../../store/store.ts";
import { parseCommand } from "../commands/command.ts";

export type Visible = {
  /** Stands for everything before. */
  readonly compaction: Entry | undefined;
  readonly entries: readonly Entry[];
};

export function visibleEntries(entries: readonly Entry[], turnId: string): Visible {
  const compaction = entries.findLast((entry) => entry.body.kind === "compaction");
  const commands = commandTurns(entries, turnId);
  if (compaction === undefined && commands.size === 0) return { compaction, entries };
  const shown = entries.filter(
    (entry) => entry.body.kind !== "compaction" && !commands.has(entry.turnId) && survives(entry, compaction),
  );
  return { compaction, entries: shown };
}

/** What the compacting turn was asked stays word for word, wherever the cut fell. */
function survives(entry: Entry, compaction: Entry | undefined): boolean {
  if (compaction?.body.kind !== "compaction") return true;
  if (entry.seq >= compaction.body.firstKeptSeq) return true;
  return entry.turnId === compaction.turnId && entry.body.kind === "user";
}

/** A command was answered without a model, which would only wonder about it. The running turn is always seen. */
function commandTurns(entries: readonly Entry[], turnId: string): ReadonlySet<string> {
  const commands = new Set<string>();
  for (const { turnId: of, body } of entries) {
    if (body.kind === "user" && parseCommand(body.text) !== undefined) commands.add(of);
  }
  if (commands.size === 0) return commands;
  for (const { turnId: of, body } of entries) if (body.kind === "assistant") commands.delete(of);
  commands.delete(turnId);
  return commands;
}
