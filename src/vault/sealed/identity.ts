// The key that opens the vault, wherever it is kept: in a file of its own, behind a passphrase, or with systemd.
import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { errnoOf, isMissing, LoricaError } from "../../base/errors.ts";
import { readPrivateBytes, readPrivateFile, writePrivateFile } from "../../base/files/private-file.ts";
import { parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
import { parseKeyFile, renderKeyFile } from "../age/key.ts";
import type { AgeKey } from "../age/key.ts";
import { sealWithPassphrase, unsealWithPassphrase } from "../age/passphrase.ts";
import { checkKeyFilePlace } from "./places.ts";
import type { VaultPlaces } from "./places.ts";

export const identityKinds = ["key-file", "passphrase", "systemd-credential"] as const;
export type IdentityKind = (typeof identityKinds)[number];

/** What stands openly beside the vault. Nothing in it is believed that the sealed vault does not bear out. */
const aboutSchema = z.strictObject({
  version: z.literal(1),
  identity: z.enum(identityKinds),
  keyFile: z.string().max(4_096).optional(),
  recipient: z.string().max(200),
});
export type About = z.infer<typeof aboutSchema>;

export type HowToKeep =
  | { readonly identity: "key-file"; readonly keyFile: string }
  | { readonly identity: "passphrase"; readonly passphrase: string }
  | { readonly identity: "systemd-credential" };

export async function readAbout(places: VaultPlaces): Promise<About | undefined> {
  const text = await readPrivateFile(places.about, limits.vaultAboutMaxBytes);
  if (text === undefined) return undefined;
  const json = parseJson(text);
  const about = json.ok ? aboutSchema.safeParse(json.value) : undefined;
  if (about?.success === true) return about.data;
  throw new LoricaError(
    "config_invalid",
    `${places.about} is damaged. It says only which key opens the vault; where it is a key file, remove it and start again`,
  );
}

export async function writeAbout(places: VaultPlaces, about: Omit<About, "version">): Promise<void> {
  await writePrivateFile(places.about, `${JSON.stringify({ version: 1, ...about }, undefined, 2)}\n`);
}

const noPassphrase = "it waits for its passphrase";
const otherPassphrase = "the passphrase is another one";

/** Whether a passphrase, or another one, is what is missing where that is the reason. */
export function isForPassphrase(reason: string): boolean {
  return reason === noPassphrase || reason === otherPassphrase;
}

/** The key, or why it cannot be had now and what to do. */
export async function findKey(
  places: VaultPlaces,
  about: Pick<About, "identity" | "keyFile"> | undefined,
  passphrase: string | undefined,
): Promise<Parsed<AgeKey>> {
  const given = await readCredential(places);
  switch (about?.identity ?? kindBeside(places)) {
    case "systemd-credential":
      if (given !== undefined) return given;
      return rejected(
        `its key is a credential of the service (${places.credential ?? "$CREDENTIALS_DIRECTORY"}), which was not given to this process`,
      );
    case "passphrase":
      return passphrase === undefined ? rejected(noPassphrase) : await openWrapped(places, passphrase);
    case "key-file": {
      // A unit may go on giving the credential of before after the vault's key was replaced by one in a file.
      const found = await readKeyFile(about?.keyFile ?? places.keyFile, places);
      return found.ok ? found : (given ?? found);
    }
  }
}

/** What a vault of which nothing is said is opened with: a start that was killed while it made it, or a file that was lost. */
function kindBeside({ keyFile, wrappedKey, credential }: VaultPlaces): IdentityKind {
  if (existsSync(keyFile)) return "key-file";
  if (existsSync(wrappedKey)) return "passphrase";
  return credential !== undefined && existsSync(credential) ? "systemd-credential" : "key-file";
}

/** Durable when this returns. */
export async function keepKey(places: VaultPlaces, key: AgeKey, how: HowToKeep): Promise<void> {
  switch (how.identity) {
    case "key-file":
      checkKeyFilePlace(how.keyFile, places);
      await makeFolder(dirname(how.keyFile));
      return await writePrivateFile(how.keyFile, renderKeyFile(key));
    case "passphrase": {
      const sealed = await sealWithPassphrase(Buffer.from(renderKeyFile(key)), how.passphrase);
      return await writePrivateFile(places.wrappedKey, sealed);
    }
    case "systemd-credential": {
      const given = await readCredential(places);
      if (given?.ok === true && given.value.identity === key.identity) return;
      throw new LoricaError(
        "conflict",
        `the service was not given the credential ${places.credential ?? "lorica-vault-key"}; docs/vault.md says how to give it`,
      );
    }
  }
}

/** The same for a vault that is new, wherever its key may be written at all. Answers where. */
export async function keepFirstKey(places: VaultPlaces, key: AgeKey, how: HowToKeep): Promise<HowToKeep> {
  try {
    await keepKey(places, key, how);
    return how;
  } catch (error) {
    const errno = error instanceof LoricaError ? errnoOf(error.cause) : undefined;
    if (how.identity !== "key-file" || !["EROFS", "EACCES", "EPERM"].includes(errno ?? "")) throw error;
    // A vault whose key lies beside it protects little, and a gateway that does not start protects nobody; the status says it.
    const beside = { identity: "key-file", keyFile: places.lastResort } as const;
    await keepKey(places, key, beside);
    return beside;
  }
}

/** What a key that is not used any more was kept in. */
export async function forgetKey(places: VaultPlaces, about: About): Promise<void> {
  if (about.identity === "key-file") await rm(about.keyFile ?? places.keyFile, { force: true });
  if (about.identity === "passphrase") await rm(places.wrappedKey, { force: true });
}

/** The key that systemd gives, where it gives one. */
export async function readCredential({ credential }: VaultPlaces): Promise<Parsed<AgeKey> | undefined> {
  if (credential === undefined) return undefined;
  try {
    // systemd's own folder: its mode is what systemd makes it.
    const key = parseKeyFile((await readFile(credential, "utf8")).slice(0, limits.vaultAboutMaxBytes));
    return key.ok ? key : rejected(`the credential ${credential} holds no key: ${key.reason}`);
  } catch (error) {
    if (isMissing(error)) return undefined;
    return rejected(`the credential ${credential} cannot be read: ${errnoOf(error) ?? "unknown error"}`);
  }
}

async function readKeyFile(path: string, places: VaultPlaces): Promise<Parsed<AgeKey>> {
  try {
    checkKeyFilePlace(path, places);
    const text = await readPrivateFile(path, limits.vaultAboutMaxBytes);
    if (text === undefined) return rejected(`its key file ${path} is missing`);
    const key = parseKeyFile(text);
    return key.ok ? key : rejected(`${path} holds no key: ${key.reason}`);
  } catch (error) {
    // Whatever is wrong with the file: without the key the vault stays closed, and the reason is the owner's to read.
    if (error instanceof LoricaError) return rejected(error.message);
    throw error;
  }
}

async function openWrapped({ wrappedKey }: VaultPlaces, passphrase: string): Promise<Parsed<AgeKey>> {
  const sealed = await readPrivateBytes(wrappedKey, limits.vaultAboutMaxBytes);
  if (sealed === undefined) return rejected(`${wrappedKey} is missing`);
  const unsealed = await unsealWithPassphrase(sealed, passphrase);
  if (unsealed.kind === "other key") return rejected(otherPassphrase);
  if (unsealed.kind === "damaged") return rejected(`${wrappedKey} is damaged: ${unsealed.reason}`);
  const key = parseKeyFile(unsealed.plain.toString("utf8"));
  return key.ok ? parsed(key.value) : key;
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await makeEach(folder);
  } catch (cause) {
    throw new LoricaError(
      "forbidden",
      `the vault's key needs a folder, and ${folder} cannot be made: ${errnoOf(cause) ?? "unknown error"}. Make it (mode 700), or choose another place: lorica vault init --key-file PATH`,
      { cause },
    );
  }
}

/** One below the other: asked for all at once, Node says ENOENT of a file system that nobody may write to. */
async function makeEach(folder: string): Promise<void> {
  const above = dirname(folder);
  const isMade = async (): Promise<boolean> =>
    await mkdir(folder, { mode: 0o700 }).then(
      () => true,
      (error: unknown) => {
        if (errnoOf(error) === "EEXIST") return true;
        if (isMissing(error) && above !== folder) return false;
        throw error;
      },
    );
  if (await isMade()) return;
  await makeEach(above);
  await mkdir(folder, { mode: 0o700 });
}
