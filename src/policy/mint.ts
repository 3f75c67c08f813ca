// Makes grants and takes them back. Types vanish at run time, so what makes a grant real is being in this table.
import type { Action, Verb } from "../base/action.ts";
import type { Clock } from "../base/clock.ts";
import { LoricaError } from "../base/errors.ts";
import type { Grant, Redeem, Redeemed } from "../base/grant.ts";
import { newId } from "../base/ids.ts";
import { limits } from "../base/limits.ts";

type Entry = { readonly action: Action; readonly nonce: string; readonly expiresAt: number };

export type Mint = { mint<V extends Verb>(action: Action<V>): Grant<V>; readonly redeem: Redeem };

export function createMint(clock: Clock): Mint {
  // Weak, so that a grant nobody holds any more costs nothing and cannot fill a table.
  const unused = new WeakMap<object, Entry>();
  return {
    mint<V extends Verb>(action: Action<V>): Grant<V> {
      // Object.create(null) is `any` to the compiler: nowhere in the project is anything asserted to be a Grant.
      const grant: Grant<V> = Object.freeze(Object.create(null));
      unused.set(grant, {
        action: deepFreeze(structuredClone(action as Action)),
        nonce: newId(),
        expiresAt: clock.now() + limits.grantLifetimeMs,
      });
      return grant;
    },
    redeem<V extends Verb>(grant: Grant<V>): Redeemed<V> {
      const entry = unused.get(grant);
      if (entry === undefined) throw new LoricaError("forbidden", "this grant was not minted here, or was used before");
      unused.delete(grant);
      if (clock.now() > entry.expiresAt) throw new LoricaError("forbidden", "this grant has expired");
      return { nonce: entry.nonce, action: entry.action as Action<V> };
    },
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
