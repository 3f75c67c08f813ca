// What was said in a room and not to the assistant: kept for the next message that is, a bounded number of each room, and
// given out once.
import type { Envelope } from "../../base/envelope.ts";
import { limits } from "../../base/limits.ts";
import { createInboxInsert } from "../inbox.ts";
import type { Ground } from "../rows.ts";
import { overheardPlace } from "../seal/places.ts";
import type { OverheardStore } from "./port.ts";
import { createSelect, toOverheard } from "./room.ts";

export function createOverheard(ground: Ground): OverheardStore {
  const { database, epoch, seals } = ground;
  const insertMessage = createInboxInsert(ground);
  const insert = database.query(`
    INSERT INTO overheard (room, sender_id, sender, text, epoch, at) VALUES (:room, :senderId, :sender, :text, :epoch, :at)`);
  const trim = database.query(`
    DELETE FROM overheard WHERE room = :room AND position NOT IN (
      SELECT position FROM overheard WHERE room = :room ORDER BY position DESC LIMIT :limit)`);
  const forgetOldest = database.query(`
    DELETE FROM overheard WHERE position <= (SELECT max(position) FROM overheard) - :total`);
  const select = createSelect(ground);
  return {
    add: (envelope, { room, limit }) =>
      database.write(() => {
        // The inbox keeps that it came, so that it is not taken twice; what was said is here only.
        const emptied: Envelope = { ...envelope, text: "", media: [], request: {} };
        if (!insertMessage(emptied, { kind: "dropped", reason: "said in the room, not to the assistant" }))
          return "duplicate";
        const { sender, receivedAt: at } = envelope;
        const text = envelope.text.slice(0, limits.overheardMaxChars);
        const place = { room, sender_id: sender.id, at };
        insert.run({
          room,
          senderId: sender.id,
          sender: seals.seal(overheardPlace("sender", place), sender.name),
          text: seals.seal(overheardPlace("text", place), text),
          epoch,
          at,
        });
        trim.run({ room, limit });
        forgetOldest.run({ total: limits.overheardRowsMax });
        return "stored";
      }),
    list: (room) => database.read(() => toOverheard(select.all({ room }), seals)),
  };
}
