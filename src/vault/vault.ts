// The keeper of credentials, on the broker's side only. The gateway knows names; nothing here ever crosses the link.

export type SecretInfo = { readonly name: string; readonly updatedAt: number };

export type Vault = {
  /** The value, for the broker's own use at the moment of a request. */
  read(name: string): Promise<string | undefined>;
  write(name: string, value: string): Promise<void>;
  remove(name: string): Promise<boolean>;
  list(): Promise<readonly SecretInfo[]>;
};

/** A vault as most need it: values by name. */
export type FileVault = Vault & {
  /** Every value there is, for whoever keeps them out of logs and answers. */
  values(): Iterable<string>;
  /** Where a value would come from now. */
  sourceOf(name: string): "environment" | "vault" | undefined;
};

export { gatewayTokenName, providerSecretName } from "./names.ts";
export { openVault } from "./sealed/sealed-vault.ts";
export type { SealedVault, SealedVaultOptions, VaultStatus } from "./sealed/sealed-vault.ts";
export { vaultPlaces } from "./sealed/places.ts";
export type { VaultPlaces } from "./sealed/places.ts";
export { createOwnerCalls } from "./owner-calls.ts";
export { openUseBook } from "./use-book.ts";
export type { UseBook } from "./use-book.ts";
export type { Use } from "./binding.ts";
export { adoptKey, readIdentityFile } from "./sealed/other-key.ts";
export { movePlainFile } from "./sealed/move-plain.ts";
export { createFront } from "./front.ts";
export type { AccessProof, Front, FrontSettings } from "./front.ts";
export { createGatewayToken, ensureGatewayToken, parseGatewayToken } from "./gateway-token.ts";
export { mintSignInLink } from "./sign-in.ts";
export type { SignInOffer, SignInOptions } from "./sign-in.ts";
export { describeToken, holdersOfToken, refuseGivenToken } from "./rotation.ts";
export { replaceGatewayToken, rotateGatewayToken } from "./rotation.ts";
