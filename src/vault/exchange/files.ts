// Sealing and opening files for the owner. The vault's own kind of key needs nothing but Node; every other kind that age
// knows is the library's, which is loaded when one is met.
import { LoricaError } from "../../base/errors.ts";
import { sealFile, unsealFile } from "../age/age-file.ts";
import { armor, dearmor } from "../age/armor.ts";
import { parseKeyFile, parseRecipient } from "../age/key.ts";
import type { AgeKey } from "../age/key.ts";

export async function sealFor(
  plain: Buffer,
  recipients: readonly string[],
  form: "armored" | "binary",
): Promise<Buffer> {
  const sealed = recipients.every((recipient) => parseRecipient(recipient).ok)
    ? sealFile(plain, recipients)
    : await sealWithLibrary(plain, recipients);
  return form === "armored" ? Buffer.from(armor(sealed)) : sealed;
}

/** `identity` is the text of a key file; without one the vault's own key is tried. */
export async function openFile(sealed: Buffer, key: AgeKey, identity: string | undefined): Promise<Buffer> {
  const bytes = dearmor(sealed);
  const given = identity === undefined ? { ok: true as const, value: key } : parseKeyFile(identity);
  if (!given.ok) return await openWithLibrary(bytes, identity ?? "");
  const opened = unsealFile(bytes, given.value);
  if (opened.kind === "unsealed") return opened.plain;
  const why = opened.kind === "damaged" ? opened.reason : "it is sealed for another key";
  throw new LoricaError("invalid_request", `the file cannot be opened: ${why}`);
}

async function sealWithLibrary(plain: Buffer, recipients: readonly string[]): Promise<Buffer> {
  const { Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  try {
    for (const recipient of recipients) encrypter.addRecipient(recipient);
  } catch (cause) {
    throw new LoricaError("invalid_request", "one of the recipients is none: they look like age1…", { cause });
  }
  return Buffer.from(await encrypter.encrypt(plain));
}

async function openWithLibrary(sealed: Buffer, identity: string): Promise<Buffer> {
  const { Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  try {
    for (const line of identity.split("\n")) if (line.startsWith("AGE-")) decrypter.addIdentity(line.trim());
    return Buffer.from(await decrypter.decrypt(sealed));
  } catch (cause) {
    throw new LoricaError("invalid_request", "the file cannot be opened with this key", { cause });
  }
}
