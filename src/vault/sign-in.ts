// The link that signs a browser in: a code that works once and for minutes, in the part of the address that browsers send
// to nobody. It is minted here, on the broker's side; the gateway gets its hash, and neither writes it down.
import { randomBytes } from "node:crypto";
import { LoricaError } from "../base/errors.ts";
import { sha256 } from "../base/ids.ts";
import { limits } from "../base/limits.ts";
import type { Scope } from "../protocol/scopes.ts";

export type SignInOffer = { readonly hash: string; readonly scopes: readonly Scope[]; readonly expiresAt: number };

export type SignInOptions = {
  /** The page's addresses, the best one first. */
  readonly pages: readonly string[];
  readonly now: number;
  /** Tells the gateway, and returns once it knows: a link that is printed works. */
  readonly offer: (offer: SignInOffer) => Promise<unknown>;
};

type SignInLink = {
  readonly url: string;
  readonly expiresAt: number;
  /** The same at the other addresses that the page has. */
  readonly alternatives: readonly string[];
};

/** 192 bits: nobody types it, so it need not be short. */
const codeBytes = 24;

export async function mintSignInLink(options: SignInOptions): Promise<SignInLink> {
  const [page, ...others] = options.pages;
  if (page === undefined)
    throw new LoricaError(
      "unavailable",
      "there is no page to open: the gateway does not listen, or gateway.controlUi.enabled is false",
    );
  const code = randomBytes(codeBytes).toString("base64url");
  const expiresAt = options.now + limits.signInCodeMs;
  await options.offer({ hash: sha256(code), scopes: ["operator.admin"], expiresAt });
  const withCode = (address: string): string => `${address}#code=${code}`;
  return { url: withCode(page), expiresAt, alternatives: others.map(withCode) };
}
