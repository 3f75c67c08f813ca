// X25519 keys as age writes them: the identity opens what was sealed for its recipient.
import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
import { encodeBech32, parseBech32 } from "./bech32.ts";

const identityPrefix = "age-secret-key-";
const recipientPrefix = "age";
const keyBytes = 32;

/** What comes before the 32 bytes of a key in the encodings that Node reads. */
const privateHead = Buffer.from("302e020100300506032b656e04220420", "hex");
const publicHead = Buffer.from("302a300506032b656e032100", "hex");

export type AgeKey = {
  /** `AGE-SECRET-KEY-1…`. */
  readonly identity: string;
  /** `age1…`. */
  readonly recipient: string;
};

export function createAgeKey(): AgeKey {
  const { privateKey } = generateKeyPairSync("x25519");
  const secret = privateKey.export({ format: "der", type: "pkcs8" }).subarray(privateHead.length);
  return ageKeyOf(secret);
}

export function parseIdentity(text: string): Parsed<AgeKey> {
  const secret = parseBech32(identityPrefix, text.trim());
  if (!secret.ok) return rejected(`the key ${secret.reason}`);
  return secret.value.length === keyBytes ? parsed(ageKeyOf(secret.value)) : rejected("the key has another length");
}

/** The first key of a file as age-keygen writes it: comments, then a line for each key. */
export function parseKeyFile(text: string): Parsed<AgeKey> {
  const line = text.split(/\r?\n/).find((part) => part.trim() !== "" && !part.startsWith("#"));
  return line === undefined ? rejected("there is no key in it") : parseIdentity(line);
}

export function renderKeyFile({ identity, recipient }: AgeKey): string {
  return `# public key: ${recipient}\n${identity}\n`;
}

export function parseRecipient(text: string): Parsed<Uint8Array> {
  const key = parseBech32(recipientPrefix, text.trim());
  if (!key.ok) return rejected(`the recipient ${key.reason}`);
  return key.value.length === keyBytes ? key : rejected("the recipient is of another kind than age1…");
}

/** The bytes of the secret key; a copy that whoever asks may wipe. */
export function secretOf(key: AgeKey): Buffer {
  const secret = parseBech32(identityPrefix, key.identity);
  return secret.ok ? Buffer.from(secret.value) : Buffer.alloc(0);
}

export function publicOf(secret: Uint8Array): Buffer {
  return createPublicKey(privateKeyOf(secret)).export({ format: "der", type: "spki" }).subarray(publicHead.length);
}

/** Refuses a point of low order, for which the result would not depend on the secret. */
export function agree(secret: Uint8Array, other: Uint8Array): Buffer {
  const publicKey = createPublicKey({ key: Buffer.concat([publicHead, other]), format: "der", type: "spki" });
  return diffieHellman({ privateKey: privateKeyOf(secret), publicKey });
}

function privateKeyOf(secret: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([privateHead, secret]), format: "der", type: "pkcs8" });
}

export function ageKeyOf(secret: Uint8Array): AgeKey {
  return {
    identity: encodeBech32(identityPrefix, secret).toUpperCase(),
    recipient: encodeBech32(recipientPrefix, publicOf(secret)),
  };
}
