// What a conversation is kept in: messages, sessions, turns, what was said, replies, and what it cost.
import { createInbox } from "./inbox.ts";
import { createOutbox } from "./outbox.ts";
import type { Ground } from "./rows.ts";
import { createSessions } from "./sessions.ts";
import type { Store } from "./store.ts";
import { createJournal, createTranscript } from "./transcript.ts";
import { createTurns } from "./turns.ts";
import { createLedger, createUsage } from "./usage.ts";

export function createTables(
  ground: Ground,
): Pick<Store, "inbox" | "sessions" | "turns" | "transcript" | "outbox" | "usage"> {
  const journal = createJournal(ground);
  const ledger = createLedger(ground);
  return {
    inbox: createInbox(ground),
    sessions: createSessions(ground),
    turns: createTurns(ground, { journal, ledger }),
    transcript: createTranscript(ground, { journal, ledger }),
    outbox: createOutbox(ground),
    usage: createUsage(ground, ledger),
  };
}
