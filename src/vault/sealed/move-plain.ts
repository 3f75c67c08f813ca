// The secrets of an earlier version stood in a plain file. They go into the vault, and the file goes once the sealed copy
// has been read back.
import { rm } from "node:fs/promises";
import { LoricaError } from "../../base/errors.ts";
import { readPrivateFile } from "../../base/files/private-file.ts";
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { parseEntries } from "./contents.ts";
import type { Entry } from "./contents.ts";
import type { VaultPlaces } from "./places.ts";
import type { SealedVault } from "./sealed-vault.ts";

/** Says in one line what was moved; undefined where there was nothing. */
export async function movePlainFile(places: VaultPlaces, vault: SealedVault): Promise<string | undefined> {
  const text = await readPrivateFile(places.plain, limits.secretsFileMaxBytes);
  if (text === undefined || vault.status().state === "locked") return undefined;
  const json = parseJson(text);
  const entries = parseEntries(json.ok && isRecord(json.value) ? json.value["secrets"] : undefined);
  // Left as it is: what is in it can still be saved by hand.
  if (!entries.ok)
    throw new LoricaError(
      "config_invalid",
      `${places.plain} is damaged; repair it, or move it away and set the secrets again`,
    );
  // What the vault has is kept, but where an earlier version was in use again and stored something newer.
  const known = new Map((await vault.list()).map(({ name, updatedAt }) => [name, updatedAt]));
  const isNew = ([name, { updatedAt }]: readonly [string, Entry]): boolean => updatedAt > (known.get(name) ?? -1);
  const wanted = new Map([...entries.value].filter(isNew).map(([name, { value }]) => [name, value]));
  if (wanted.size > 0) await vault.writeAll(wanted);
  await vault.verify(wanted);
  await rm(places.plain);
  return `${wanted.size} secrets of ${places.plain} are in the vault now, and the plain file was removed`;
}
