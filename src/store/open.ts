// Opens the embedded store: one SQLite file in WAL mode, flushed at every commit, and a folder of media files.
import type { Clock } from "../base/clock.ts";
import { createDevices } from "./devices/create.ts";
import { createInbox } from "./inbox.ts";
import { createMedia } from "./media.ts";
import { openMigrated } from "./migrate.ts";
import { createOutbox } from "./outbox.ts";
import { createPrune } from "./prune.ts";
import { createSessions } from "./sessions.ts";
import type { Store } from "./store.ts";
import { createJournal, createTranscript } from "./transcript.ts";
import { createTurns } from "./turns.ts";
import { createLedger, createUsage } from "./usage.ts";

export async function openStore(options: {
  readonly path: string;
  readonly mediaDir: string;
  readonly clock: Clock;
}): Promise<Store> {
  const { clock } = options;
  const database = await openMigrated(options.path);
  database.execute("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216");
  const start = database.query<{ value: number }>(
    "UPDATE meta SET value = value + 1 WHERE key = 'epoch' RETURNING value",
  );
  const epoch = await database.write(() => start.get()?.value ?? 0);
  const ground = { database, clock, epoch };
  const journal = createJournal(ground);
  const ledger = createLedger(ground);
  const media = createMedia(ground, options.mediaDir);
  return {
    epoch,
    inbox: createInbox(ground),
    sessions: createSessions(ground),
    turns: createTurns(ground, { journal, ledger }),
    transcript: createTranscript(ground, { journal, ledger }),
    outbox: createOutbox(ground),
    usage: createUsage(ground, ledger),
    media,
    devices: createDevices(ground),
    prune: createPrune(ground),
    async close() {
      database.close();
    },
  };
}
