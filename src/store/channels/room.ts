// What one room holds that was overheard in it.
import type { Overheard } from "../../base/envelope.ts";
import type { Ground } from "../rows.ts";

type Row = {
  readonly position: number;
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
    return rows.map(toOverheard);
  };
}

export function createSelect({ database }: Ground) {
  return database.query<Row>(
    "SELECT position, sender_id, sender, text, at FROM overheard WHERE room = :room ORDER BY position",
  );
}

export function toOverheard({ sender_id: senderId, sender, text, at }: Row): Overheard {
  return { senderId, sender, text, at };
}
