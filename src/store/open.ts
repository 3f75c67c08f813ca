// Opens the embedded store: one SQLite file in WAL mode, flushed at every commit, and a folder of media files. What people
// said is sealed in both; what has to be searched for by the database (ids, times, states) is not.
import { createPrune } from "./bounds/prune.ts";
import { createVisitors } from "./channels/visitors.ts";
import type { Database } from "./database.ts";
import { createFileTurns, createMedia } from "./media.ts";
import { openMigrated } from "./migrate.ts";
import { openSealed } from "./seal/open.ts";
import type { SealedOptions } from "./seal/open.ts";
import { createUpkeep } from "./seal/upkeep.ts";
import type { Store } from "./store.ts";
import { createTables } from "./tables.ts";

export type StoreOptions = SealedOptions & { readonly path: string };

export async function openStore(options: StoreOptions): Promise<Store> {
  const database = await openMigrated(options.path);
  try {
    return await openOn(database, options);
  } catch (error) {
    database.close();
    throw error;
  }
}

async function openOn(plain: Database, options: StoreOptions): Promise<Store> {
  const { clock, mediaDir } = options;
  // What is deleted is overwritten in the file, too.
  plain.execute("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216; PRAGMA secure_delete = ON");
  const { seals, head, media } = await openSealed(plain, options);
  const database = head.counted;
  const start = database.query<{ value: number }>(
    "UPDATE meta SET value = value + 1 WHERE key = 'epoch' RETURNING value",
  );
  const epoch = await database.write(() => start.get()?.value ?? 0);
  const ground = { database, clock, epoch, seals };
  const folder = { ...media, inTurn: createFileTurns() };
  return {
    epoch,
    ...createTables(ground),
    media: createMedia(ground, folder),
    ...createVisitors(ground),
    prune: createPrune(ground, folder),
    upkeep: createUpkeep({ ...ground, head: head.current, mediaDir, isWhole: media.files.isWhole }),
    async close() {
      head.close();
      database.close();
    },
  };
}
