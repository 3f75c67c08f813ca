// Holds a password against the hash that the broker made of it. Slow on purpose, so it happens off the event loop and
// only so many at a time.
import { createHmac, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";

export type PasswordCheck = (password: string, hash: string) => Promise<boolean>;

export function createPasswordCheck(): PasswordCheck {
  const waiting: (() => void)[] = [];
  let running = 0;
  // Who has shown the right one is known again at once: programs show it with every request, and a queue full of guesses
  // must not keep its owner out. What is kept says nothing without this key, which is nowhere but here.
  const key = randomBytes(32);
  let right: Buffer | undefined;

  async function enter(): Promise<void> {
    if (running < limits.passwordChecksMax) {
      running += 1;
      return;
    }
    if (waiting.length >= limits.passwordChecksWaitingMax)
      throw new LoricaError("overloaded", "too many passwords are being checked; try again in a moment", {
        retryAfterMs: 1_000,
      });
    await new Promise<void>((resolve) => void waiting.push(resolve));
  }

  return async (password, hash) => {
    const [scheme, cost, salt, wanted] = hash.split("$");
    if (scheme !== "scrypt" || salt === undefined || wanted === undefined)
      throw new LoricaError("internal", "a password hash of an unknown kind");
    if (password.length > limits.passwordMaxChars) return false;
    const digest = createHmac("sha256", key).update(`${hash}\0${password}`).digest();
    if (right !== undefined && timingSafeEqual(right, digest)) return true;
    await enter();
    try {
      const made = await derive(password, Buffer.from(salt, "hex"), 2 ** Number(cost));
      const known = Buffer.from(wanted, "hex");
      const isRight = made.length === known.length && timingSafeEqual(made, known);
      if (isRight) right = digest;
      return isRight;
    } finally {
      // A place goes straight to whoever has waited longest.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

function derive(password: string, salt: Uint8Array, cost: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const options = { N: cost, r: 8, p: 1, maxmem: limits.passwordMemoryMaxBytes };
  scrypt(password.normalize("NFKC"), salt, 32, options, (error, key) => {
    if (error === null) resolve(key);
    else reject(new LoricaError("internal", "a password could not be checked", { cause: error }));
  });
  return promise;
}
