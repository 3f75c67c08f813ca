// The broker's evidence key: from one secret of 32 bytes the key that signs the log, and the one that proves its head.
import { createPrivateKey, createPublicKey, hkdfSync, sign } from "node:crypto";
import { assert } from "../../base/errors.ts";
import { macOf, signedText } from "../verify/verify-evidence.ts";
import type { Head } from "../verify/verify-evidence.ts";

export type EvidenceKeys = {
  /** As it lies beside the log and is given to the verifier: 32 bytes in base64url. */
  readonly publicKey: string;
  /** For the verifier, where the broker itself verifies. */
  readonly headKey: Uint8Array;
  sign(hash: string): string;
  mac(head: Head): string;
};

/** What stands before the 32 bytes of an Ed25519 key in PKCS #8, which is the one form that Node takes a seed in. */
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

export function evidenceKeys(secret: Uint8Array): EvidenceKeys {
  assert(secret.length === 32, "the evidence key is 32 bytes long");
  const seed = Buffer.from(hkdfSync("sha256", secret, "", "lorica evidence signing", 32));
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: "der", type: "pkcs8" });
  const { x } = createPublicKey(privateKey).export({ format: "jwk" });
  assert(typeof x === "string", "an Ed25519 key has one coordinate");
  const headKey = new Uint8Array(hkdfSync("sha256", secret, "", "lorica evidence head", 32));
  return {
    publicKey: x,
    headKey,
    sign: (hash) => sign(null, signedText(hash), privateKey).toString("base64url"),
    mac: (head) => macOf(headKey, head),
  };
}
