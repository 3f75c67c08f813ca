// Keys that come from elsewhere: read from a file that the owner names, and put where this machine's vault looks for its.
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { LoricaError } from "../../base/errors.ts";
import { readPrivateBytes, writePrivateFile } from "../../base/files/private-file.ts";
import { sha256 } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import { parseIdentity, parseKeyFile, renderKeyFile } from "../age/key.ts";
import { unsealWithPassphrase } from "../age/passphrase.ts";
import { findKey, readAbout, writeAbout } from "./identity.ts";
import { usualFolder } from "./places.ts";
import type { VaultPlaces } from "./places.ts";

/** The key in a file as age-keygen writes it, or in one that is sealed with a passphrase. */
export async function readIdentityFile(path: string, passphrase: string | undefined): Promise<string> {
  const bytes = await readPrivateBytes(path, limits.vaultAboutMaxBytes);
  if (bytes === undefined) throw new LoricaError("not_found", `there is no key file ${path}`);
  const text = bytes.toString("utf8");
  const key = parseKeyFile(text.startsWith("age-encryption.org/") ? await openWrapped(path, bytes, passphrase) : text);
  if (!key.ok) throw new LoricaError("invalid_request", `${path} holds no key: ${key.reason}`);
  return key.value.identity;
}

async function openWrapped(path: string, sealed: Buffer, passphrase: string | undefined): Promise<string> {
  if (passphrase === undefined) throw new LoricaError("invalid_request", `${path} is opened with a passphrase`);
  const unsealed = await unsealWithPassphrase(sealed, passphrase);
  if (unsealed.kind === "unsealed") return unsealed.plain.toString("utf8");
  const why = unsealed.kind === "damaged" ? `is damaged: ${unsealed.reason}` : "has another passphrase";
  throw new LoricaError("forbidden", `${path} ${why}`);
}

/**
 * A vault that came from another machine or time names a key file where none is, or where another key is by now: from now
 * on it looks in this machine's place. A key that is there already stays, and this one gets a name of its own. Answers
 * where the key is kept; undefined where nothing was to be done.
 */
export async function adoptKey(places: VaultPlaces, identity: string): Promise<string | undefined> {
  const about = await readAbout(places);
  const key = parseIdentity(identity);
  if (about === undefined || about.identity === "passphrase" || !key.ok || key.value.recipient !== about.recipient)
    return undefined;
  const named = places.keyFile.replace(/(\.key)?$/, `-${sha256(about.recipient).slice(0, 8)}.key`);
  const found = await findKey(places, about, undefined);
  const isOpened = found.ok && found.value.recipient === about.recipient;
  if (isOpened && !isOfAnother(about.keyFile, [places.keyFile, named])) return about.keyFile;
  const keyFile = existsSync(places.keyFile) ? named : places.keyFile;
  await mkdir(dirname(keyFile), { recursive: true, mode: 0o700 });
  await writePrivateFile(keyFile, renderKeyFile(key.value));
  await writeAbout(places, { identity: "key-file", recipient: about.recipient, keyFile });
  return keyFile;
}

/**
 * The usual place of another home or profile, which can be read from here. Two vaults with one key file would lose it
 * together: what rotates or removes the one takes the key of the other. A place that the owner chose is not a usual one.
 */
function isOfAnother(keyFile: string | undefined, own: readonly string[]): boolean {
  return keyFile !== undefined && basename(dirname(keyFile)) === usualFolder && !own.includes(keyFile);
}
