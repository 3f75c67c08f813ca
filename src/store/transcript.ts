// The step journal: entries of a window in order, numbered without gaps, and the label that all of them together have.
import { LoricaError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { joinLabels } from "../base/label.ts";
import type { Label } from "../base/label.ts";
import type { Ground } from "./rows.ts";
import { fromJson, toJson } from "./rows.ts";
import type { Entry, NewEntry, Transcript } from "./store.ts";
import { stepPlace } from "./seal/places.ts";
import type { Seals } from "./seal/seals.ts";
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
  readonly session_key: string;
};

/** Writing entries inside somebody else's transaction. */
export type Journal = {
  append(entries: readonly NewEntry[]): readonly Entry[];
  labelOf(windowId: string): Label;
};

export function createJournal({ database, clock, epoch, seals }: Ground): Journal {
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
      const own = toJson(entry.label);
      const place = { window_id: windowId, seq, turn_id: turnId, label: own, at, session_key: window.session_key };
      const body = seals.seal(stepPlace(place), toJson(entry.body));
      insert.run({ windowId, seq, id, turnId, label: own, body, epoch, at });
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
  { database, seals }: Ground,
  { journal, ledger }: { readonly journal: Journal; readonly ledger: Ledger },
): Transcript {
  const select = database.query<StepRow>(`
    SELECT s.id, s.window_id, s.seq, s.turn_id, s.label, s.body, s.at, w.session_key
    FROM steps s JOIN windows w ON w.id = s.window_id
    WHERE s.window_id = :windowId AND s.seq > :afterSeq ORDER BY s.seq LIMIT :limit`);
  const selectWindow = database.query<WindowRow>(
    "SELECT session_key, label, entry_count FROM windows WHERE id = :windowId",
  );
  return {
    append: (entries, { usage = [], durability } = {}) =>
      database.write(() => {
        ledger.add(usage);
        return journal.append(entries);
      }, durability),
    read: (windowId, { afterSeq = 0, limit = -1 } = {}) =>
      database.read(() => {
        const window = selectWindow.get({ windowId });
        if (window === undefined) return [];
        const rows = select.all({ windowId, afterSeq, limit });
        const entries = rows.map((row) => toEntry(row, seals, window));
        const isAll = limit < 0 || rows.length < limit;
        return fillGaps(entries, { windowId, afterSeq, window, seals, isAll });
      }),
  };
}

function toEntry(row: StepRow, seals: Seals, window: WindowRow): Entry {
  const { id, window_id: windowId, seq, turn_id: turnId, at } = row;
  const body = seals.open(stepPlace(row), row.body);
  if (body === undefined) return damagedEntry({ id, windowId, seq, turnId, at }, window, `entry ${seq} is damaged`);
  return { id, windowId, seq, turnId, label: fromJson(row.label), body: fromJson(body), at };
}

type Reading = {
  readonly windowId: string;
  readonly afterSeq: number;
  readonly window: WindowRow;
  readonly seals: Seals;
  /** Nothing is left out after the last one. */
  readonly isAll: boolean;
};

/** Numbers run without gaps: an entry that is not there was taken away, and one in its place says so. */
function fillGaps(entries: readonly Entry[], reading: Reading): readonly Entry[] {
  const { windowId, afterSeq, window, seals, isAll } = reading;
  let expected = afterSeq + 1;
  const missing = (next: number, at: number): readonly Entry[] => {
    const first = expected;
    expected = next + 1;
    if (first >= next) return [];
    const which = first === next - 1 ? `entry ${first} is` : `entries ${first} to ${next - 1} are`;
    seals.damage.add({ what: `${which} missing from the window ${windowId}`, sessionKey: window.session_key });
    const id = `missing:${windowId}:${first}`;
    return [damagedEntry({ id, windowId, seq: first, turnId: "", at }, window, `${which} missing`)];
  };
  const filled = entries.flatMap((entry) => [...missing(entry.seq, entry.at), entry]);
  return isAll ? [...filled, ...missing(window.entry_count + 1, entries.at(-1)?.at ?? 0)] : filled;
}

/** What stands where nothing can be read. Its own label can be nobody's word any more, so it is trusted in nothing. */
function damagedEntry(known: Omit<Entry, "label" | "body">, window: WindowRow, what: string): Entry {
  const { readers }: Label = fromJson(window.label);
  const text = `[This part of the conversation is damaged: ${what} and cannot be read.]`;
  return { ...known, label: { integrity: "untrusted", readers }, body: { kind: "note", text } };
}
