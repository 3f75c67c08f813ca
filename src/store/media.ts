// Files that came with messages or leave with them: named by the hash of their content, written whole or not at all.
import { constants, mkdirSync } from "node:fs";
import { access, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { MediaRef } from "../base/envelope.ts";
import { LoricaError, errnoOf, isMissing } from "../base/errors.ts";
import { newId, sha256 } from "../base/ids.ts";
import { limits } from "../base/limits.ts";
import type { Ground } from "./rows.ts";
import type { Media } from "./store.ts";

export function createMedia({ database, clock, epoch }: Ground, folder: string): Media {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const insert = database.query(`
    INSERT INTO media (id, mime, name, bytes, epoch, created_at) VALUES (:id, :mime, :name, :bytes, :epoch, :now)
    ON CONFLICT (id) DO NOTHING`);
  return {
    async save(bytes, mime, name) {
      if (bytes.byteLength > limits.attachmentMaxBytes)
        throw new LoricaError(
          "too_large",
          `${name} has ${bytes.byteLength} bytes; at most ${limits.attachmentMaxBytes} are kept`,
        );
      const id = sha256(bytes);
      await writeOnce(folder, id, bytes);
      await database.write(() => {
        insert.run({ id, mime, name, bytes: bytes.byteLength, epoch, now: clock.now() });
      });
      return { id, mime, bytes: bytes.byteLength, name };
    },
    load: (ref) => loadWhole(folder, ref),
  };
}

/** The name is the content, so a file that exists is the file that is wanted. */
async function writeOnce(folder: string, id: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, id);
  if (await exists(path)) return;
  const unfinished = join(folder, `.${newId()}`);
  try {
    const file = await open(unfinished, "wx", 0o600);
    try {
      await file.writeFile(bytes);
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

async function loadWhole(folder: string, ref: MediaRef): Promise<Uint8Array> {
  // The id becomes a file name; nothing but a hash may.
  if (!/^[0-9a-f]{64}$/.test(ref.id)) throw new LoricaError("invalid_request", `not a media id: ${ref.name}`);
  try {
    const bytes = await readFile(join(folder, ref.id));
    if (sha256(bytes) !== ref.id)
      throw new LoricaError("internal", `the stored file ${ref.name} is damaged; send it again`);
    return bytes;
  } catch (cause) {
    if (isMissing(cause)) throw new LoricaError("not_found", `the file ${ref.name} is no longer kept`, { cause });
    throw cause;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path, constants.F_OK);
    return true;
  } catch (cause) {
    if (isMissing(cause)) return false;
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
