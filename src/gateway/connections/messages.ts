// `session.message`: each message of a session as it is stored, for the clients that follow it.
import { limits } from "../../base/limits.ts";
import type { Entry } from "../../store/store.ts";
import type { Edge } from "../edge.ts";
import { placedMessage } from "../rpc/messages.ts";
import { sessionRow } from "../rpc/rows.ts";
import type { Connections } from "./connections.ts";

export type MessageEvents = { stored(entries: readonly Entry[]): void };

export function createMessageEvents(edge: Edge, connections: Connections): MessageEvents {
  // One after the other, so that they come in the order in which they were stored.
  let work: Promise<void> = Promise.resolve();
  let waiting = 0;

  async function tell(entry: Entry): Promise<void> {
    const turn = await edge.store.turns.find(entry.turnId);
    if (turn === undefined || !connections.isHeard("session.message", turn.sessionKey)) return;
    const message = placedMessage(turn, entry, limits.eventTextMaxChars);
    const session = await edge.store.sessions.find(turn.sessionKey);
    if (message === undefined || session === undefined) return;
    const { sessionKey } = turn;
    const payload = { ...message, session: sessionRow(edge, session) };
    connections.publish("session.message", payload, { sessionKey });
  }

  async function tellAll(entries: readonly Entry[]): Promise<void> {
    try {
      for (const entry of entries) await tell(entry);
    } catch (error) {
      edge.log("warn", "a stored message could not be shown to those who follow its session", { error });
    } finally {
      waiting -= 1;
    }
  }

  return {
    stored(entries) {
      // Who misses one reads the history, which is the record.
      if (connections.count() === 0 || waiting >= limits.messageEventsWaitingMax) return;
      waiting += 1;
      work = work.then(() => tellAll(entries));
    },
  };
}
