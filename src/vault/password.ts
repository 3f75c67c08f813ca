// What the gateway process gets of its password: a slow, salted hash. People choose passwords, so a fast hash of one that
// leaked could be guessed back.
import { randomBytes, scrypt } from "node:crypto";
import { LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";

const passwordMinChars = 12;

/** Guesses are slowed down and counted; what anybody would try first is none all the same. */
export function parseGatewayPassword(text: string): Parsed<string> {
  const password = text.trim();
  if (password.length < passwordMinChars) return rejected(`it is shorter than ${passwordMinChars} characters`);
  if (password.length > limits.passwordMaxChars)
    return rejected(`it is longer than ${limits.passwordMaxChars} characters`);
  if (new Set(password).size < 5) return rejected("it repeats the same few characters");
  return parsed(password);
}

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
