// One-time codes that sign a device in: minted by the broker for the owner, known here only by their hashes, and only in
// memory. A restart forgets them, which costs the owner another `lorica dashboard` and nobody anything else.
import { equalInConstantTime, sha256 } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import type { Scope } from "../../protocol/scopes.ts";

export type Code = { readonly hash: string; readonly scopes: readonly Scope[]; readonly expiresAt: number };

export type Codes = {
  offer(code: Code): void;
  /** What the code opens. It opens nothing a second time, whatever becomes of the first. */
  take(shown: string): readonly Scope[] | undefined;
};

export function createCodes(now: () => number): Codes {
  let outstanding: readonly Code[] = [];
  const valid = (): readonly Code[] => outstanding.filter(({ expiresAt }) => expiresAt > now());
  return {
    offer(code) {
      const expiresAt = Math.min(code.expiresAt, now() + limits.signInCodeMs);
      // The newest is the one that the owner is looking at.
      outstanding = [...valid(), { ...code, expiresAt }].slice(-limits.signInCodesMax);
    },
    take(shown) {
      const hash = sha256(shown);
      const found = valid().find((code) => equalInConstantTime(code.hash, hash));
      outstanding = valid().filter((each) => each !== found);
      return found?.scopes;
    },
  };
}
