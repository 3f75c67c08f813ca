// Who may come to the gateway's doors, as the config says it. One value for HTTP and WebSockets alike.
import type { AddressRanges, ProxyTrust } from "../../network/network.ts";

export type RateLimit = { readonly maxAttempts: number; readonly windowMs: number; readonly lockoutMs: number };

export type AuthMode = "token" | "password" | "trusted-proxy" | "none";

export type AccessSettings = {
  readonly mode: AuthMode;
  /** Hex SHA-256 of each token that counts: two of them while one follows the other. */
  readonly tokenHashes: readonly string[];
  /** As `hashPassword` made it; undefined where no password is set. */
  readonly passwordHash: string | undefined;
  readonly allowTailscale: boolean;
  readonly trustedProxy: {
    /** Lower case, as Node gives headers. */
    readonly userHeader: string | undefined;
    readonly requiredHeaders: readonly string[];
    readonly allowUsers: readonly string[];
  };
  readonly proxies: AddressRanges;
  readonly realIpFallback: boolean;
  /** How Tailscale leads here, while it does. */
  readonly published?: ProxyTrust["published"];
  /** Undefined lets every address in. */
  readonly allowedAddresses: AddressRanges | undefined;
  /** Origins, besides the gateway's own, from which a browser's page may call. */
  readonly allowedOrigins: readonly string[];
  /** Names under which browsers may reach the gateway, besides `localhost` and plain addresses. */
  readonly hostNames: readonly string[];
  readonly rateLimit: RateLimit;
  /** Strict-Transport-Security, for whoever came over TLS; undefined leaves it out. */
  readonly strictTransport: string | undefined;
};
