// The keeper of credentials, on the broker's side only. The gateway knows names; nothing here ever crosses the link.

export type SecretInfo = { readonly name: string; readonly updatedAt: number };

export type Vault = {
  /** The value, for the broker's own use at the moment of a request. */
  read(name: string): Promise<string | undefined>;
  write(name: string, value: string): Promise<void>;
  remove(name: string): Promise<boolean>;
  list(): Promise<readonly SecretInfo[]>;
};

export { gatewayTokenName, providerSecretName } from "./names.ts";
export { openFileVault } from "./file-vault.ts";
export type { FileVault, FileVaultOptions } from "./file-vault.ts";
export { createFront } from "./front.ts";
export type { AccessProof, Front, FrontSettings } from "./front.ts";
export { createGatewayToken, ensureGatewayToken, parseGatewayToken } from "./gateway-token.ts";
export { mintSignInLink } from "./sign-in.ts";
export type { SignInOffer, SignInOptions } from "./sign-in.ts";
export { describeToken, holdersOfToken, refuseGivenToken } from "./rotation.ts";
export { replaceGatewayToken, rotateGatewayToken } from "./rotation.ts";
