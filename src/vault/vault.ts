// The keeper of credentials, on the broker's side only. The gateway knows names; nothing here ever crosses the link.

export type SecretInfo = { readonly name: string; readonly updatedAt: number };

export type Vault = {
  /** The value, for the broker's own use at the moment of a request. */
  read(name: string): Promise<string | undefined>;
  write(name: string, value: string): Promise<void>;
  remove(name: string): Promise<boolean>;
  list(): Promise<readonly SecretInfo[]>;
};

/** Names are `<kind>:<id>`, as `provider:anthropic` or `gateway:token`. */
export const secretNamePattern = /^[a-z][a-z0-9-]{0,31}:[a-z0-9][a-z0-9._-]{0,63}$/;

export const gatewayTokenName = "gateway:token";

export function providerSecretName(providerId: string): string {
  return `provider:${providerId}`;
}
