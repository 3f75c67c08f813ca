// What the listening edge is told of the config: who may come in, by what proof, and the page that they are shown; and
// what nodes may be told to do.
import type { Config } from "../../config/config.ts";
import type { AccessSettings, PageSettings } from "../../gateway/gateway.ts";
import { createAddressRanges, expandProxies } from "../../network/network.ts";
import type { CommandRules } from "../../node/node.ts";
import { webhookHosts } from "./channels.ts";
import type { AccessProof } from "../../vault/vault.ts";

export function doorSettings(
  config: Config,
  proof: AccessProof,
  published?: AccessSettings["published"],
): AccessSettings {
  const { gateway } = config;
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
    published,
    hostNames: [
      ...controlUi.allowedOrigins.map((origin) => new URL(origin).hostname),
      ...(published === undefined ? [] : [published.name]),
      ...webhookHosts(config),
    ],
    rateLimit: auth.rateLimit,
    strictTransport: strictTransportOf(gateway.http.securityHeaders.strictTransportSecurity),
  };
}

const twoYears = "max-age=63072000; includeSubDomains; preload";

function strictTransportOf(written: string | false | undefined): string | undefined {
  if (written === false) return undefined;
  return written ?? twoYears;
}

export function pageSettings(config: Config): PageSettings {
  const { enabled, basePath } = config.gateway.controlUi;
  return { enabled, basePath };
}

/** Where the page is, as somebody at this machine would open it first; then the addresses that the config declares. */
export function pageAddresses(
  { gateway }: Config,
  listen: { readonly host: string; readonly port: number } | undefined,
  published?: string,
): readonly string[] {
  const { enabled, basePath, allowedOrigins } = gateway.controlUi;
  if (!enabled || listen === undefined) return [];
  const scheme = gateway.tls.enabled ? "https" : "http";
  const own = `${scheme}://${hostOf(listen.host)}:${listen.port}`;
  return [...new Set([own, ...(published === undefined ? [] : [published]), ...allowedOrigins])].map(
    (origin) => `${origin.replace(/\/$/, "")}${basePath}/`,
  );
}

/** A socket that listens everywhere is nearest on the loopback. */
function hostOf(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

export function nodeRules(config: Config): CommandRules {
  const { allowCommands, denyCommands } = config.gateway.nodes;
  return { allow: allowCommands, deny: denyCommands };
}
