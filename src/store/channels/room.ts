// What one room holds that was overheard in it.
import type { Overheard } from "../../base/envelope.ts";
import type { Ground } from "../rows.ts";
import { overheardPlace } from "../seal/places.ts";
import type { Seals } from "../seal/seals.ts";

type Row = {
  readonly position: number;
  readonly room: string;
  readonly sender_id: string;
  readonly sender: string;
  readonly text: string;
  readonly at: number;
};

/** Inside the transaction that stores a message: takes what its room holds. */
export function createTakeOverheard(ground: Ground): (room: string) => readonly Overheard[] {
  const select = createSelect(ground);
  const remove = ground.database.query("DELETE FROM overheard WHERE room = :room");
  return (room) => {
    const rows = select.all({ room });
    if (rows.length > 0) remove.run({ room });
    return toOverheard(rows, ground.seals);
  };
}

export function createSelect({ database }: Ground) {
  return database.query<Row>(
    "SELECT position, room, sender_id, sender, text, at FROM overheard WHERE room = :room ORDER BY position",
  );
}

/** What is damaged was context only, and is left out. */
export function toOverheard(rows: readonly Row[], seals: Seals): readonly Overheard[] {
  return rows.flatMap((row) => {
    const sender = seals.open(overheardPlace("sender", row), row.sender);
    const text = seals.open(overheardPlace("text", row), row.text);
    return sender === undefined || text === undefined ? [] : [{ senderId: row.sender_id, sender, text, at: row.at }];
  });
}
