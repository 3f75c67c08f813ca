// A sealed vault in a folder of a test, with its key beside it: the places are real, and so is the sealing.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Clock } from "../../../src/base/clock.ts";
import { unsealFile } from "../../../src/vault/age/age-file.ts";
import { parseKeyFile } from "../../../src/vault/age/key.ts";
import { openVault } from "../../../src/vault/vault.ts";
import type { SealedVault, VaultPlaces } from "../../../src/vault/vault.ts";

export function testPlaces(folder: string): VaultPlaces {
  return {
    file: join(folder, "vault.age"),
    before: join(folder, "vault.age.bak"),
    about: join(folder, "vault.json"),
    wrappedKey: join(folder, "vault-key.age"),
    keyFile: join(folder, "vault.key"),
    credential: undefined,
    plain: join(folder, "secrets.json"),
    stateDir: join(folder, "elsewhere"),
    lastResort: join(folder, "identity/vault.key"),
    edits: join(folder, "edits.recipient"),
    uses: join(folder, "vault-uses.json"),
  };
}

export async function openTestVault(options: {
  readonly path: string;
  readonly clock: Clock;
  readonly given: ReadonlyMap<string, string>;
}): Promise<SealedVault> {
  return await openVault({ ...options, places: testPlaces(dirname(options.path)) });
}

/** What is sealed in the vault of a home directory, by name. */
export function sealedIn(home: string): Readonly<Record<string, string>> {
  const key = parseKeyFile(readFileSync(join(home, ".config/lorica/vault.key"), "utf8"));
  if (!key.ok) throw new Error(key.reason);
  const unsealed = unsealFile(readFileSync(join(home, ".openclaw/credentials/vault.age")), key.value);
  if (unsealed.kind !== "unsealed") throw new Error(unsealed.kind);
  const { secrets } = JSON.parse(unsealed.plain.toString()) as { secrets: Record<string, { value: string }> };
  return Object.fromEntries(Object.entries(secrets).map(([name, { value }]) => [name, value]));
}
