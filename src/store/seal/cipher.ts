// AES-256-GCM over one value, bound to the place that it belongs to: what is moved elsewhere does not open there.
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** The first byte of everything that is sealed. Another one is another format, and is not guessed at. */
const format = 1;
const nonceBytes = 12;
const tagBytes = 16;
const headBytes = 1 + nonceBytes + tagBytes;

export const keyBytes = 32;

export function newKey(): Buffer {
  return randomBytes(keyBytes);
}

/** Each use has a key of its own, so that what is sealed for one is nothing to another. */
export function deriveKey(stateKey: Uint8Array, use: string): KeyObject {
  return asKey(new Uint8Array(hkdfSync("sha256", stateKey, "", `lorica/state/${use}`, keyBytes)));
}

/** Made into what Node takes as it is. Of bare bytes it finds out anew each time, by an exception, that they are no key. */
export function asKey(bytes: Uint8Array): KeyObject {
  return createSecretKey(bytes);
}

export function authenticate(key: KeyObject, text: string): string {
  return createHmac("sha256", key).update(text).digest("hex");
}

export function encrypt(key: KeyObject, place: string, plain: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(place));
  const body = [cipher.update(plain), cipher.final()];
  return Buffer.concat([Buffer.of(format), nonce, cipher.getAuthTag(), ...body]);
}

/** Undefined where it is not what was sealed with this key for this place, whatever is wrong with it. */
export function decrypt(key: KeyObject, place: string, sealed: Uint8Array): Buffer | undefined {
  if (sealed.length < headBytes || sealed[0] !== format) return undefined;
  const nonce = sealed.subarray(1, 1 + nonceBytes);
  const options = { authTagLength: tagBytes };
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, options).setAAD(Buffer.from(place));
  decipher.setAuthTag(sealed.subarray(1 + nonceBytes, headBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(headBytes)), decipher.final()]);
  } catch {
    // Node says no more than that the tag is wrong, and there is no more to say.
    return undefined;
  }
}

/** Undefined where the text is not exactly what `toString("base64")` writes: Node itself would look past a changed byte. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}
