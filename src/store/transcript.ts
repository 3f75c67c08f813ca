// The step journal: entries of a window in order, numbered without gaps, and the label that all of them together have.
import { LoricaError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { joinLabels } from "../base/label.ts";
import type { Label } from "../base/label.ts";
import type { Ground } from "./rows.ts";
import { fromJson, toJson } from "./rows.ts";
import type { Entry, NewEntry, Transcript } from "./store.ts";
import type { Ledger } from "./usage.ts";

type WindowRow = { readonly session_key: string; readonly label: string; readonly entry_count: number };

type StepRow = {
  readonly id: string;
  readonly window_id: string;
  readonly seq: number;
  readonly turn_id: string;
  readonly label: string;
  readonly body: string;
  readonly at: number;
};

/** Writing entries inside somebody else's transaction. */
export type Journal = {
  append(entries: readonly NewEntry[]): readonly Entry[];
  labelOf(windowId: string): Label;
};

export function createJournal({ database, clock, epoch }: Ground): Journal {
  const findWindow = database.query<WindowRow>(
    "SELECT session_key, label, entry_count FROM windows WHERE id = :windowId",
  );
  const insert = database.query(`
    INSERT INTO steps (window_id, seq, id, turn_id, label, body, epoch, at)
    VALUES (:windowId, :seq, :id, :turnId, :label, :body, :epoch, :at)`);
  const setWindow = database.query("UPDATE windows SET label = :label, entry_count = :entryCount WHERE id = :windowId");
  const touch = database.query("UPDATE sessions SET updated_at = :now WHERE key = :key");

  const windowOf = (windowId: string): WindowRow => {
    const row = findWindow.get({ windowId });
    if (row === undefined) throw new LoricaError("not_found", `there is no transcript window ${windowId}`);
    return row;
  };
  const appendTo = (windowId: string, entries: readonly NewEntry[]): readonly Entry[] => {
    const window = windowOf(windowId);
    const now = clock.now();
    let label: Label = fromJson(window.label);
    let seq = window.entry_count;
    const stored = entries.map((entry): Entry => {
      seq += 1;
      label = joinLabels(label, entry.label);
      const numbered = { ...entry, id: newId(), seq, at: entry.at ?? now };
      const { id, turnId, at } = numbered;
      insert.run({ windowId, seq, id, turnId, label: toJson(entry.label), body: toJson(entry.body), epoch, at });
      return numbered;
    });
    setWindow.run({ windowId, label: toJson(label), entryCount: seq });
    touch.run({ key: window.session_key, now });
    return stored;
  };
  return {
    labelOf: (windowId) => fromJson(windowOf(windowId).label),
    append(entries) {
      const windowId = entries[0]?.windowId;
      if (windowId === undefined) return [];
      if (entries.every((entry) => entry.windowId === windowId)) return appendTo(windowId, entries);
      // Only imports write to several windows at once; one at a time keeps their order.
      return entries.flatMap((entry) => appendTo(entry.windowId, [entry]));
    },
  };
}

export function createTranscript(
  { database }: Ground,
  { journal, ledger }: { readonly journal: Journal; readonly ledger: Ledger },
): Transcript {
  const select = database.query<StepRow>(`
    SELECT id, window_id, seq, turn_id, label, body, at FROM steps
    WHERE window_id = :windowId AND seq > :afterSeq ORDER BY seq LIMIT :limit`);
  return {
    append: (entries, { usage = [], durability } = {}) =>
      database.write(() => {
        ledger.add(usage);
        return journal.append(entries);
      }, durability),
    read: (windowId, options = {}) =>
      database.read(() =>
        select.all({ windowId, afterSeq: options.afterSeq ?? 0, limit: options.limit ?? -1 }).map(toEntry),
      ),
  };
}

function toEntry(row: StepRow): Entry {
  return {
    id: row.id,
    windowId: row.window_id,
    seq: row.seq,
    turnId: row.turn_id,
    label: fromJson(row.label),
    body: fromJson(row.body),
    at: row.at,
  };
}
