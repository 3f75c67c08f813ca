// Opens the embedded store: one SQLite file in WAL mode, flushed at every commit, and a folder of media files. What people
// said is sealed in both; what has to be searched for by the database (ids, times, states) is not.
import type { Clock } from "../base/clock.ts";
import { createMedia, sealMedia } from "./media.ts";
import { openMigrated } from "./migrate.ts";
import { createPrune } from "./prune.ts";
import type { Database } from "./database.ts";
import { createFileSeals } from "./seal/files.ts";
import { openHead } from "./seal/head.ts";
import type { HeadOptions } from "./seal/head.ts";
import type { Damage } from "./seal/damage.ts";
import { sealExisting } from "./seal/existing.ts";
import { createSeals } from "./seal/seals.ts";
import { createUpkeep } from "./seal/upkeep.ts";
import type { Store } from "./store.ts";
import { createTables } from "./tables.ts";
import { createVisitors } from "./channels/visitors.ts";

export type StoreOptions = {
  readonly path: string;
  readonly mediaDir: string;
  readonly clock: Clock;
  /** The state key: without it nothing of the content can be read, and nothing can be opened. */
  readonly key: Uint8Array;
  readonly head?: Pick<HeadOptions, "expected" | "report">;
  readonly onDamage?: (damage: Damage) => void;
};

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
  const { clock, key, mediaDir } = options;
  // What is deleted is overwritten in the file, too.
  plain.execute("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216; PRAGMA secure_delete = ON");
  const seals = createSeals({ database: plain, clock, key, report: options.onDamage ?? (() => undefined) });
  const files = createFileSeals(key);
  const media = { folder: mediaDir, files };
  const head = await openHead({ database: plain, seals, key, ...options.head });
  await sealExisting({ database: plain, seals }, () => sealMedia({ database: plain, seals }, media));
  const database = head.counted;
  const start = database.query<{ value: number }>(
    "UPDATE meta SET value = value + 1 WHERE key = 'epoch' RETURNING value",
  );
  const epoch = await database.write(() => start.get()?.value ?? 0);
  const ground = { database, clock, epoch, seals };
  return {
    epoch,
    ...createTables(ground),
    media: createMedia(ground, media),
    ...createVisitors(ground),
    prune: createPrune(ground),
    upkeep: createUpkeep({ ...ground, head: head.current, mediaDir, isWhole: files.isWhole }),
    async close() {
      head.close();
      database.close();
    },
  };
}
