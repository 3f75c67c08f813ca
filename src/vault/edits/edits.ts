// Seals what an owner wrote and has not decided about yet. Anybody may seal, also while the vault is locked: the half of
// the key that seals stands openly beside the vault. The half that opens follows from a key inside of it, so that it stays
// the same when the vault's own key is replaced.
import { hkdfSync } from "node:crypto";
import { LoricaError } from "../../base/errors.ts";
import { readPrivateFile, writePrivateFile } from "../../base/files/private-file.ts";
import { limits } from "../../base/limits.ts";
import { sealFile, unsealFile } from "../age/age-file.ts";
import { ageKeyOf, parseRecipient } from "../age/key.ts";
import type { AgeKey } from "../age/key.ts";
import type { VaultPlaces } from "../sealed/places.ts";
import type { SealedVault } from "../sealed/sealed-vault.ts";

export type EditSealer = {
  readonly seal: (plain: Uint8Array) => Promise<Uint8Array>;
  /** Throws `locked` while the vault is. */
  readonly open: (sealed: Uint8Array) => Promise<Uint8Array>;
};

export type EditSealerOptions = {
  readonly places: VaultPlaces;
  /** The vault of this process, once it has one. */
  readonly running: () => SealedVault | undefined;
  /** For a process that has none yet. */
  readonly openVault: () => Promise<SealedVault>;
};

export function createEditSealer({ places, running, openVault }: EditSealerOptions): EditSealer {
  const recipient = async (): Promise<string> => {
    const vault = running() ?? (await openVault());
    if (vault.status().state === "open") return await publishEditKey(places, vault);
    return (await readPublished(places)) ?? recipientOf(vault);
  };
  return {
    seal: async (plain) => sealFile(plain, [await recipient()]),
    async open(sealed) {
      const vault = running() ?? (await openVault());
      const keys = [editKeyOf(vault), vault.ageKey()];
      for (const key of keys) {
        const unsealed = unsealFile(Buffer.from(sealed), key);
        if (unsealed.kind === "unsealed") return unsealed.plain;
        if (unsealed.kind === "damaged") throw notOpened(`it is damaged: ${unsealed.reason}`);
      }
      throw notOpened("it was sealed for another vault");
    },
  };
}

/** Writes down what seals, for whoever has to while the vault is locked. */
export async function publishEditKey(places: VaultPlaces, vault: SealedVault): Promise<string> {
  const { recipient } = editKeyOf(vault);
  if ((await readPublished(places)) !== recipient) await writePrivateFile(places.edits, `${recipient}\n`);
  return recipient;
}

async function readPublished({ edits }: VaultPlaces): Promise<string | undefined> {
  const text = (await readPrivateFile(edits, limits.vaultAboutMaxBytes))?.trim();
  return text !== undefined && parseRecipient(text).ok ? text : undefined;
}

/** A vault that has been locked since before this was published has told only what seals it itself. */
function recipientOf(vault: SealedVault): string {
  const { recipient, reason } = vault.status();
  if (recipient !== undefined) return recipient;
  throw new LoricaError("locked", `an edit cannot be kept sealed: ${reason}. Put that right, and try again`);
}

function editKeyOf(vault: SealedVault): AgeKey {
  const inside = vault.key("state");
  const secret = Buffer.from(hkdfSync("sha256", inside, Buffer.alloc(0), "lorica/edits", 32));
  const key = ageKeyOf(secret);
  secret.fill(0);
  inside.fill(0);
  return key;
}

function notOpened(why: string): LoricaError {
  return new LoricaError(
    "conflict",
    `the edit cannot be read: ${why}. Refuse it with lorica config reject, and edit again`,
  );
}
