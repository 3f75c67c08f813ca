// A session's window as turns see it: read once, then only what is new, so that turn 500 costs what turn 5 costs.
import { joinAll } from "../../base/label.ts";
import type { Label } from "../../base/label.ts";
import { limits } from "../../base/limits.ts";
import type { Entry, Transcript } from "../../store/store.ts";
import type { Estimator } from "./tokens.ts";

export type Window = {
  readonly id: string;
  /** In order, without what a compaction has put away. */
  entries(): readonly Entry[];
  /** The join of all that ever entered it: what a compaction put away still counts. */
  label(): Label;
  append: Transcript["append"];
  /** Takes in what others wrote, as messages that joined the turn. */
  refresh(): Promise<void>;
};

export type Windows = { open(windowId: string): Promise<Window> };

type Held = { entries: readonly Entry[]; lastSeq: number; tokens: number; label: Label };

export function createWindows(transcript: Transcript, estimator: Estimator): Windows {
  // Least recently used first. What is dropped is read again from the store.
  const held = new Map<string, Held>();

  async function refresh(windowId: string, window: Held): Promise<void> {
    for (;;) {
      const page = await transcript.read(windowId, { afterSeq: window.lastSeq, limit: limits.transcriptPageEntries });
      take(window, page);
      if (page.length < limits.transcriptPageEntries) return;
    }
  }

  function take(window: Held, entries: readonly Entry[]): void {
    const last = entries.at(-1);
    if (last === undefined) return;
    const all = [...window.entries, ...entries];
    const compacted = entries.some((entry) => entry.body.kind === "compaction");
    window.entries = compacted ? putAway(all) : all;
    window.tokens = compacted ? estimator.entries(window.entries) : window.tokens + estimator.entries(entries);
    window.label = joinAll([window.label, ...entries.map((entry) => entry.label)]);
    window.lastSeq = last.seq;
  }

  function evict(keep: string): void {
    let tokens = 0;
    for (const window of held.values()) tokens += window.tokens;
    for (const [id, window] of held) {
      if (held.size <= limits.windowsHeldMax && tokens <= limits.windowsHeldTokensMax) return;
      if (id === keep) continue;
      tokens -= window.tokens;
      held.delete(id);
    }
  }

  return {
    async open(windowId) {
      const window = held.get(windowId) ?? { entries: [], lastSeq: 0, tokens: 0, label: joinAll([]) };
      held.delete(windowId);
      held.set(windowId, window);
      await refresh(windowId, window);
      evict(windowId);
      return {
        id: windowId,
        entries: () => window.entries,
        label: () => window.label,
        async append(...appended) {
          const stored = await transcript.append(...appended);
          const follows = stored[0]?.seq === window.lastSeq + 1;
          if (follows) take(window, stored);
          else await refresh(windowId, window);
          return stored;
        },
        refresh: () => refresh(windowId, window),
      };
    },
  };
}

/**
 * Without what the last compaction summarised. What the compacting turn itself wrote stays: its journal is still
 * needed, and what it was asked must not be paraphrased.
 */
function putAway(entries: readonly Entry[]): readonly Entry[] {
  const compaction = entries.findLast((entry) => entry.body.kind === "compaction");
  if (compaction?.body.kind !== "compaction") return entries;
  const { firstKeptSeq } = compaction.body;
  return entries.filter(
    (entry) =>
      (entry.seq >= firstKeptSeq && (entry.body.kind !== "compaction" || entry === compaction)) ||
      entry.turnId === compaction.turnId,
  );
}
