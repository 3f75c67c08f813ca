// What the listening edge is told of the config: who may come in, and by what proof.
import type { Config } from "./config/config.ts";
import type { AccessSettings } from "./gateway/gateway.ts";
import { createAddressRanges, expandProxies } from "./network/network.ts";
import type { AccessProof } from "./vault/vault.ts";

export function doorSettings({ gateway }: Config, proof: AccessProof): AccessSettings {
  const { auth, controlUi } = gateway;
  return {
    ...proof,
    mode: auth.mode,
    allowTailscale: auth.allowTailscale,
    trustedProxy: {
      userHeader: auth.trustedProxy.userHeader?.toLowerCase(),
      requiredHeaders: auth.trustedProxy.requiredHeaders.map((name) => name.toLowerCase()),
      allowUsers: auth.trustedProxy.allowUsers,
    },
    proxies: createAddressRanges(expandProxies(gateway.trustedProxies)),
    realIpFallback: gateway.allowRealIpFallback,
    allowedAddresses: gateway.allowedAddresses.length === 0 ? undefined : createAddressRanges(gateway.allowedAddresses),
    allowedOrigins: controlUi.allowedOrigins,
    hostNames: controlUi.allowedOrigins.map((origin) => new URL(origin).hostname),
    rateLimit: auth.rateLimit,
    strictTransport: strictTransportOf(gateway.http.securityHeaders.strictTransportSecurity),
  };
}

const twoYears = "max-age=63072000; includeSubDomains; preload";

function strictTransportOf(written: string | false | undefined): string | undefined {
  if (written === false) return undefined;
  return written ?? twoYears;
}
