// What the page is told of the config.
import type { Config } from "./config/config.ts";
import type { PageSettings } from "./gateway/gateway.ts";

export function pageSettings(config: Config): PageSettings {
  const { enabled, basePath } = config.gateway.controlUi;
  return { enabled, basePath };
}

/** Where the page is, as somebody at this machine would open it first; then the addresses that the config declares. */
export function pageAddresses(
  { gateway }: Config,
  listen: { readonly host: string; readonly port: number } | undefined,
): readonly string[] {
  const { enabled, basePath, allowedOrigins } = gateway.controlUi;
  if (!enabled || listen === undefined) return [];
  const scheme = gateway.tls.enabled ? "https" : "http";
  const own = `${scheme}://${hostOf(listen.host)}:${listen.port}`;
  return [...new Set([own, ...allowedOrigins])].map((origin) => `${origin.replace(/\/$/, "")}${basePath}/`);
}

/** A socket that listens everywhere is nearest on the loopback. */
function hostOf(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
