// Pairing codes: made to be read aloud, kept only as a hash that takes work to try.
import { randomBytes, randomInt, scrypt, timingSafeEqual } from "node:crypto";
import type { CodeHash } from "../../store/store.ts";

/** No 0 and O, no 1 and I: people copy these by hand. */
const alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const codeChars = 8;
const hashBytes = 32;
/** About 15 ms a try: nothing for the owner, decades for somebody who has the database and 2^40 codes to go through. */
const cost = { N: 8_192, r: 8, p: 1 };

export function newCode(): string {
  return Array.from({ length: codeChars }, () => alphabet[randomInt(alphabet.length)]).join("");
}

export async function hashCode(code: string): Promise<CodeHash> {
  const salt = randomBytes(16).toString("hex");
  return { salt, hash: (await derive(code, salt)).toString("hex") };
}

/** Upper and lower case are the same; spaces and dashes that people put between are nothing. */
export async function matchesCode(typed: string, { salt, hash }: CodeHash): Promise<boolean> {
  const code = typed.toUpperCase().replaceAll(/[\s-]/g, "").slice(0, 64);
  return timingSafeEqual(await derive(code, salt), Buffer.from(hash, "hex"));
}

function derive(code: string, salt: string): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(code, Buffer.from(salt, "hex"), hashBytes, cost, (cause, key) => {
    if (cause === null) resolve(key);
    else reject(cause);
  });
  return promise;
}
