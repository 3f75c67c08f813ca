// Files that came with messages or leave with them: known by the hash of their content, sealed, written whole or not at all.
import { mkdirSync } from "node:fs";
import { open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { MediaRef } from "../base/envelope.ts";
import { LoricaError, errnoOf, isMissing } from "../base/errors.ts";
import { newId, sha256 } from "../base/ids.ts";
import { limits } from "../base/limits.ts";
import { damagedText } from "./rows.ts";
import type { Ground } from "./rows.ts";
import { sealedEnding, sealFiles } from "./seal/files.ts";
import type { FileSeals } from "./seal/files.ts";
import { mediaNamePlace } from "./seal/places.ts";
import type { Seals } from "./seal/seals.ts";
import type { Media } from "./store.ts";

export function createMedia(
  { database, clock, epoch, seals }: Ground,
  { folder, files, inTurn }: MediaFolder & FileTurns,
): Media {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const insert = database.query(`
    INSERT INTO media (id, mime, name, bytes, epoch, created_at) VALUES (:id, :mime, :name, :bytes, :epoch, :now)
    ON CONFLICT (id) DO UPDATE SET created_at = :now`);
  return {
    async save(bytes, mime, name) {
      if (bytes.byteLength > limits.attachmentMaxBytes)
        throw new LoricaError(
          "too_large",
          `${name} has ${bytes.byteLength} bytes; at most ${limits.attachmentMaxBytes} are kept`,
        );
      const id = sha256(bytes);
      await inTurn(async () => {
        await writeOnce({ folder, files }, id, bytes);
        await database.write(() => {
          // The row says of a file what its name on the disk says: nothing to those without the key.
          const row = files.nameOf(id);
          const sealed = seals.seal(mediaNamePlace({ id: row }), name);
          insert.run({ id: row, mime, name: sealed, bytes: bytes.byteLength, epoch, now: clock.now() });
        });
      });
      return { id, mime, bytes: bytes.byteLength, name };
    },
    load: (ref) => loadWhole({ folder, files }, ref, seals),
  };
}

export type MediaFolder = { readonly folder: string; readonly files: FileSeals };

/** One file at a time is kept or forgotten: what is just being sent again is not taken for the old one. */
export type FileTurns = { readonly inTurn: <T>(work: () => Promise<T>) => Promise<T> };

export function createFileTurns(): FileTurns["inTurn"] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work, work);
    last = result.catch(() => undefined);
    return result;
  };
}

/** Seals the files that were kept plain, and the rows that name them. */
export async function sealMedia({ database, seals }: Pick<Ground, "database" | "seals">, media: MediaFolder) {
  const { folder, files } = media;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await sealFiles(folder, (id, bytes) => writeOnce(media, id, bytes));
  const select = database.query<{ id: string; name: string }>("SELECT id, name FROM media");
  const rename = database.query("UPDATE media SET id = :id, name = :name WHERE id = :before");
  await database.write(() => {
    for (const { id: before, name } of select.all()) {
      if (before.endsWith(sealedEnding)) continue;
      const id = files.nameOf(before);
      const plain = seals.open(mediaNamePlace({ id: before }), name) ?? damagedText;
      rename.run({ before, id, name: seals.seal(mediaNamePlace({ id }), plain) });
    }
  });
}

/** The name is the content, so a file that is there and opens is the file that is wanted. */
async function writeOnce({ folder, files }: MediaFolder, id: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, files.nameOf(id));
  const kept = await readIfThere(path);
  if (kept !== undefined && files.open(id, kept) !== undefined) return;
  const unfinished = join(folder, `.${newId()}`);
  try {
    const file = await open(unfinished, "wx", 0o600);
    try {
      await file.writeFile(files.seal(id, bytes));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
    await syncFolder(folder);
  } catch (cause) {
    await rm(unfinished, { force: true });
    const full = errnoOf(cause) === "ENOSPC";
    throw new LoricaError(
      "unavailable",
      full ? "the disk is full, so the file was not kept" : "cannot keep a file; check the media folder",
      {
        cause,
      },
    );
  }
}

async function loadWhole({ folder, files }: MediaFolder, ref: MediaRef, { damage }: Seals): Promise<Uint8Array> {
  // The id becomes a file name; nothing but a hash may.
  if (!/^[0-9a-f]{64}$/.test(ref.id)) throw new LoricaError("invalid_request", `not a media id: ${ref.name}`);
  try {
    const bytes = files.open(ref.id, await readFile(join(folder, files.nameOf(ref.id))));
    if (bytes !== undefined && sha256(bytes) === ref.id) return bytes;
    damage.add({ what: `the file ${files.nameOf(ref.id)}` });
    throw new LoricaError("internal", `the stored file ${ref.name} is damaged; send it again`);
  } catch (cause) {
    if (isMissing(cause)) throw new LoricaError("not_found", `the file ${ref.name} is no longer kept`, { cause });
    throw cause;
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw cause;
  }
}

/** A rename survives a loss of power only once its folder is on the disk. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
