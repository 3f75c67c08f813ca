// What the gateway process gets of its password: a slow, salted hash. People choose passwords, so a fast hash of one that
// leaked could be guessed back.
import { randomBytes, scrypt } from "node:crypto";
import { LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";

const costLog2 = 15;

/** `scrypt$<log2 of the cost>$<salt>$<hash>`, the last two as hex. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = { N: 2 ** costLog2, r: 8, p: 1, maxmem: limits.passwordMemoryMaxBytes };
  scrypt(password.normalize("NFKC"), salt, 32, options, (error, key) => {
    if (error === null) resolve(["scrypt", costLog2, salt.toString("hex"), key.toString("hex")].join("$"));
    else reject(new LoricaError("internal", "the password could not be hashed", { cause: error }));
  });
  return promise;
}
