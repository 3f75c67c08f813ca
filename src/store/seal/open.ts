// Opens what is sealed: the right key, the newest file, and nothing plain in it any more before anybody reads it.
import type { Clock } from "../../base/clock.ts";
import type { Database } from "../database.ts";
import { sealMedia } from "../media.ts";
import { sealExisting } from "./existing.ts";
import { createFileSeals } from "./files.ts";
import type { FileSeals } from "./files.ts";
import { openHead } from "./head.ts";
import type { HeadKeeper, HeadOptions } from "./head.ts";
import type { Damage } from "./port.ts";
import { createSeals } from "./seals.ts";
import type { Seals } from "./seals.ts";

export type SealedOptions = {
  readonly mediaDir: string;
  readonly clock: Clock;
  /** The state key: without it nothing of the content can be read, and nothing can be opened. */
  readonly key: Uint8Array;
  readonly head?: Pick<HeadOptions, "expected" | "report">;
  readonly onDamage?: (damage: Damage) => void;
};

export type Sealed = {
  readonly seals: Seals;
  readonly head: HeadKeeper;
  readonly media: { readonly folder: string; readonly files: FileSeals };
};

export async function openSealed(database: Database, options: SealedOptions): Promise<Sealed> {
  const { clock, key, mediaDir, onDamage = () => undefined } = options;
  const seals = createSeals({ database, clock, key, report: onDamage });
  const media = { folder: mediaDir, files: createFileSeals(key) };
  const head = await openHead({ database, seals, key, ...options.head });
  await sealExisting({ database, seals }, () => sealMedia({ database, seals }, media));
  return { seals, head, media };
}
