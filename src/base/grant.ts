// Permission for one effect. Only policy/ mints grants; nothing else can make one that redeems.
import type { Action, Verb } from "./action.ts";

declare const minted: unique symbol;

/** Opaque. Single use, short-lived, bound to one exact Action. */
export type Grant<V extends Verb> = { readonly [minted]: V };

/** What an effect learns by redeeming a grant: what it may do, and a number that cannot be used twice. */
export type Redeemed<V extends Verb> = { readonly nonce: string; readonly action: Action<V> };

/**
 * Turns a grant into the action it permits. Throws `forbidden` for anything that policy did not mint, that has
 * expired, or that was redeemed before. Every effect calls this first.
 */
export type Redeem = <V extends Verb>(grant: Grant<V>) => Redeemed<V>;
