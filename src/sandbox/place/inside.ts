// Where things are inside a cell, and what its programs are told about the way out.
import type { CellSettings } from "../sandbox.ts";

/** Where things are inside. */
export const inside = {
  node: "/opt/lorica/bin/node",
  code: "/opt/lorica/cell",
  compileCache: "/opt/lorica/cache",
  /** The supervisor's own scratch: commands and the file worker do not get it. */
  private: "/run/lorica",
  /** The certificates that programs are to trust, where the broker ends some host's TLS. */
  trust: "/etc/lorica-trust.pem",
  proxyPort: 3_128,
  /** Of the channel over which the supervisor hands over the proxy's listener. */
  handOverFd: 4,
} as const;

export function channelVariables({ wayOut }: CellSettings): Readonly<Record<string, string>> {
  if (wayOut === undefined) return {};
  return { NODE_CHANNEL_FD: String(inside.handOverFd), NODE_CHANNEL_SERIALIZATION_MODE: "json" };
}

/** For programs that look for a proxy. Those that do not find no network: this is how to get out, not what holds them. */
export function proxyVariables(
  { wayOut }: CellSettings,
  trustFile: string | undefined,
): Readonly<Record<string, string>> {
  if (wayOut === undefined) return {};
  const proxy = `http://127.0.0.1:${inside.proxyPort}`;
  const local = "localhost,127.0.0.1,::1";
  const names = ["http_proxy", "https_proxy", "all_proxy"].flatMap((name) => [name, name.toUpperCase()]);
  const trusting = ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT"];
  const trusts = [...trusting, "CARGO_HTTP_CAINFO", "NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE"];
  return {
    ...Object.fromEntries(names.map((name) => [name, proxy])),
    no_proxy: local,
    NO_PROXY: local,
    NODE_USE_ENV_PROXY: "1",
    ...(trustFile === undefined ? {} : Object.fromEntries(trusts.map((name) => [name, inside.trust]))),
  };
}
