// Sealed files of the media folder. Neither the name nor the content of one says what it holds: the name is made from the
// content's hash with a key, so that nobody can ask whether a file that he knows is here.
import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { authenticate, decrypt, deriveKey, encrypt } from "./cipher.ts";

export type FileSeals = {
  /** The name of the sealed file. */
  nameOf(id: string): string;
  seal(id: string, bytes: Uint8Array): Buffer;
  /** Undefined where it was damaged or swapped. */
  open(id: string, sealed: Uint8Array): Buffer | undefined;
  /** The same without knowing the id. */
  isWhole(name: string, sealed: Uint8Array): boolean;
};

export const sealedEnding = ".sealed";

export function createFileSeals(key: Uint8Array): FileSeals {
  const nameKey = deriveKey(key, "media-names");
  const bodyKey = deriveKey(key, "media");
  const nameOf = (id: string): string => authenticate(nameKey, id) + sealedEnding;
  const placeOf = (name: string): string => JSON.stringify(["media", name]);
  return {
    nameOf,
    seal: (id, bytes) => encrypt(bodyKey, placeOf(nameOf(id)), bytes),
    open: (id, sealed) => decrypt(bodyKey, placeOf(nameOf(id)), sealed),
    isWhole: (name, sealed) => decrypt(bodyKey, placeOf(name), sealed) !== undefined,
  };
}

const plainName = /^[0-9a-f]{64}$/;
const unfinishedName = /^\.[0-9a-f-]{36}$/;

/** What a version before left as plain files is sealed one by one; a plain file goes once its sealed one is on the disk. */
export async function sealFiles(folder: string, save: (id: string, bytes: Uint8Array) => Promise<void>): Promise<void> {
  for (const name of await readdir(folder)) {
    if (unfinishedName.test(name)) await rm(join(folder, name), { force: true });
    if (!plainName.test(name)) continue;
    await save(name, await readFile(join(folder, name)));
    await rm(join(folder, name));
  }
}
