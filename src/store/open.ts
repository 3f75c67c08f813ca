// Opens the embedded store: one SQLite file in WAL mode, flushed at every commit, and a folder of media files.
import type { Clock } from "../base/clock.ts";
import { createMedia } from "./media.ts";
import { openMigrated } from "./migrate.ts";
import { createPrune } from "./prune.ts";
import type { Store } from "./store.ts";
import { createTables } from "./tables.ts";
import { createVisitors } from "./channels/visitors.ts";

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
  const media = createMedia(ground, options.mediaDir);
  return {
    epoch,
    ...createTables(ground),
    media,
    ...createVisitors(ground),
    prune: createPrune(ground),
    async close() {
      database.close();
    },
  };
}
