// Who may come in, as a gateway has it whose config says nothing of it.
import type { AccessSettings } from "../../../src/gateway/gateway.ts";
import { createAddressRanges } from "../../../src/network/network.ts";

export function accessOf(change: Partial<AccessSettings> = {}): AccessSettings {
  return {
    mode: "token",
    tokenHashes: [],
    passwordHash: undefined,
    allowTailscale: false,
    trustedProxy: { userHeader: undefined, requiredHeaders: [], allowUsers: [] },
    proxies: createAddressRanges([]),
    realIpFallback: false,
    allowedAddresses: undefined,
    allowedOrigins: [],
    hostNames: [],
    rateLimit: { maxAttempts: 10, windowMs: 60_000, lockoutMs: 60_000 },
    strictTransport: "max-age=63072000",
    ...change,
  };
}
