// What secrets are called.

/** Names are `<kind>:<id>`, as `provider:anthropic` or `gateway:token`. */
export const secretNamePattern = /^[a-z][a-z0-9-]{0,31}:[a-z0-9][a-z0-9._-]{0,63}$/;

export const gatewayTokenName = "gateway:token";
export const gatewayPasswordName = "gateway:password";

export function providerSecretName(providerId: string): string {
  return `provider:${providerId}`;
}
