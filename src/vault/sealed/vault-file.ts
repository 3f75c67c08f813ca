// The vault's file: sealed before it is written, replaced as a whole, and the one before it kept, sealed as well.
import { lstat } from "node:fs/promises";
import { isMissing, LoricaError } from "../../base/errors.ts";
import { readPrivateBytes, writePrivateFile } from "../../base/files/private-file.ts";
import { limits } from "../../base/limits.ts";
import { rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
import { sealFile, unsealFile } from "../age/age-file.ts";
import type { AgeKey } from "../age/key.ts";
import { parseContents, renderContents } from "./contents.ts";
import type { Contents } from "./contents.ts";
import type { VaultPlaces } from "./places.ts";

/** Whether there is one, or was: a copy without the file is a vault that somebody has lost. */
export async function hasVault({ file, before }: VaultPlaces): Promise<boolean> {
  return (await isThere(file)) || (await isThere(before));
}

export async function readVault({ file, before }: VaultPlaces, key: AgeKey): Promise<Parsed<Contents>> {
  const sealed = await readPrivateBytes(file, limits.secretsFileMaxBytes);
  const orBefore = `The vault as it was before the last change is ${before}: copy it over ${file}`;
  if (sealed === undefined) return rejected(`${file} is missing. ${orBefore}`);
  const unsealed = unsealFile(sealed, key);
  if (unsealed.kind === "other key") return rejected(`the key is not the one that ${file} is sealed for`);
  if (unsealed.kind === "damaged") return rejected(`${file} is damaged: ${unsealed.reason}. ${orBefore}`);
  const contents = parseContents(unsealed.plain);
  unsealed.plain.fill(0);
  return contents.ok ? contents : rejected(`${file} is damaged: ${contents.reason}. ${orBefore}`);
}

export async function writeVault(
  { file, before }: VaultPlaces,
  contents: Contents,
  recipients: readonly string[],
): Promise<void> {
  const plain = renderContents(contents);
  const sealed = sealFile(plain, recipients);
  plain.fill(0);
  if (sealed.length > limits.secretsFileMaxBytes)
    throw new LoricaError("too_large", "the vault would grow larger than what is read of one; remove a secret first");
  const present = await readPrivateBytes(file, limits.secretsFileMaxBytes);
  if (present !== undefined) await writePrivateFile(before, present);
  await writePrivateFile(file, sealed);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
