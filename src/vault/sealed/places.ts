// Where the vault is, and where the key to it: never in the same folder, so that whoever gets the state directory, a disk
// image or a backup of it has one of the two.
import { realpathSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { sha256 } from "../../base/ids.ts";
import { LoricaError } from "../../base/errors.ts";
import type { Environment, StatePaths } from "../../config/config.ts";

export type VaultPlaces = {
  /** The sealed vault. */
  readonly file: string;
  /** The vault as it was before the last change, sealed too. */
  readonly before: string;
  /** What is said openly of it: which kind of key opens it, and where that is. */
  readonly about: string;
  /** The key, sealed with a passphrase, where it is one that opens the vault. */
  readonly wrappedKey: string;
  /** Where a new key file is put. */
  readonly keyFile: string;
  /** What systemd gives a service, and nobody else. */
  readonly credential: string | undefined;
  /** The file of an earlier version, in plain text. */
  readonly plain: string;
  readonly stateDir: string;
  /** Where a key file is put if nowhere else may be written, as in a unit that grants the state directory only. */
  readonly lastResort: string;
  /** The half of a key that seals edits which wait for their owner. */
  readonly edits: string;
  /** How often which credential was used; no value. */
  readonly uses: string;
};

const credentialName = "lorica-vault-key";

/** Where key files are put, below the user's folder for configuration. */
export const usualFolder = "lorica";

export function vaultPlaces(paths: StatePaths, env: Environment): VaultPlaces {
  const given = env["CREDENTIALS_DIRECTORY"];
  const configHome = env["XDG_CONFIG_HOME"];
  const base = configHome !== undefined && isAbsolute(configHome) ? configHome : join(paths.home, ".config");
  const isUsual = paths.stateDir === join(paths.home, ".openclaw");
  const keyName = isUsual ? "vault.key" : `vault-${sha256(paths.stateDir).slice(0, 12)}.key`;
  return {
    file: join(paths.credentials, "vault.age"),
    before: join(paths.credentials, "vault.age.bak"),
    about: join(paths.credentials, "vault.json"),
    wrappedKey: join(paths.credentials, "vault-key.age"),
    keyFile: join(base, usualFolder, keyName),
    credential: given !== undefined && isAbsolute(given) ? join(given, credentialName) : undefined,
    plain: paths.secretsPath,
    stateDir: paths.stateDir,
    lastResort: join(paths.identity, "vault.key"),
    edits: join(paths.credentials, "edits.recipient"),
    uses: join(paths.credentials, "vault-uses.json"),
  };
}

/** A key beside what it opens is no lock, and one in a folder that every cell sees is none either. */
export function checkKeyFilePlace(keyFile: string, { stateDir, lastResort }: VaultPlaces): void {
  if (keyFile === lastResort) return;
  const refuse = (why: string): never => {
    throw new LoricaError(
      "forbidden",
      `the vault's key must not be at ${keyFile}: ${why}. Choose another place: lorica vault init --key-file PATH`,
    );
  };
  if (!isAbsolute(keyFile)) refuse("that is no absolute path");
  const real = realOf(keyFile);
  if (isIn(real, realOf(stateDir))) refuse("it is inside the state directory, with the vault that it opens");
  if (isIn(real, "/usr")) refuse("/usr is seen in every cell");
}

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** Of what exists of it. */
function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = join(path, "..");
    return parent === path ? path : join(realOf(parent), path.slice(path.lastIndexOf("/") + 1));
  }
}
