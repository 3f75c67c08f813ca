// Age files that a passphrase opens: scrypt makes each guess cost a fraction of a second.
import { randomBytes, scrypt } from "node:crypto";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { decode, encode, fileKeyBytes, parseHead, sealFor, unsealBy, unwrapKeyWith, wrapKeyWith } from "./age-file.ts";
import type { Unsealed } from "./age-file.ts";

const saltBytes = 16;
const costLog2 = 17;
/** What a file may ask of whoever opens it. */
const costLog2Max = 20;

export async function sealWithPassphrase(plain: Uint8Array, passphrase: string): Promise<Buffer> {
  const fileKey = randomBytes(fileKeyBytes);
  const salt = randomBytes(saltBytes);
  const wrapKey = await stretch(passphrase, salt, costLog2);
  const stanza = `-> scrypt ${encode(salt)} ${costLog2}\n${encode(wrapKeyWith(wrapKey, fileKey))}\n`;
  return sealFor(plain, fileKey, [stanza]);
}

export async function unsealWithPassphrase(sealed: Buffer, passphrase: string): Promise<Unsealed> {
  const head = parseHead(sealed);
  if (!head.ok) return { kind: "damaged", reason: head.reason };
  const { stanzas } = head.value;
  const [stanza] = stanzas;
  const [salt = "", cost = ""] = stanza?.args ?? [];
  // Beside another way in, a passphrase would not say who sealed it.
  if (stanza?.kind !== "scrypt" || stanzas.length !== 1) return { kind: "other key" };
  const log2 = /^[1-9]\d?$/.test(cost) ? Number(cost) : costLog2Max + 1;
  if (log2 > costLog2Max || decode(salt).length !== saltBytes)
    return { kind: "damaged", reason: "its passphrase would take too long to try" };
  const wrapKey = await stretch(passphrase, decode(salt), log2);
  return unsealBy(sealed, ({ body }) => unwrapKeyWith(wrapKey, body));
}

async function stretch(passphrase: string, salt: Buffer, log2: number): Promise<Buffer> {
  const salted = Buffer.concat([Buffer.from("age-encryption.org/v1/scrypt"), salt]);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(
    passphrase,
    salted,
    32,
    { N: 2 ** log2, r: 8, p: 1, maxmem: limits.passphraseMemoryMaxBytes },
    (error, key) => {
      if (error === null) resolve(key);
      else reject(new LoricaError("internal", "the passphrase could not be tried", { cause: error }));
    },
  );
  return promise;
}
