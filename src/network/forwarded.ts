// Who a request really comes from. Every hop appends what it saw to the right, so the list is read from the right, and
// only for as long as the one who wrote an entry is a proxy that the config names.
import { isLoopbackAddress, normalAddress } from "./address.ts";
import type { AddressRanges } from "./address.ts";
import { tailnetAddresses } from "./tailscale/read.ts";

export type ForwardingHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export type ProxyTrust = {
  readonly proxies: AddressRanges;
  readonly realIpFallback: boolean;
  /** Set while Tailscale's proxy on this machine leads here. */
  readonly published?: { readonly mode: "serve" | "funnel"; readonly name: string } | undefined;
};

export type Origin = {
  /** The client's address; where no trusted proxy says otherwise, the socket's. */
  readonly address: string;
  /** Directly from this machine: a loopback socket and no sign of anything in between. */
  readonly isLocal: boolean;
  /** A trusted proxy says that the client came to it over TLS. */
  readonly isSecure: boolean;
  /** The socket's own end is a proxy that the config names. */
  readonly isByProxy: boolean;
  /** Somebody forwarded this, and the config does not name whoever handed it to us. */
  readonly isUnknownProxy: boolean;
};

/** Any of them says that the peer is not the client. Whoever sends one needlessly only loses by it. */
const forwardingHeader =
  /^(forwarded|via|x-forwarded|x-forwarded-.*|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|x-original-.*|x-envoy-.*|cf-.*|fly-.*|fastly-client-ip|x-azure-.*|x-appengine-.*|tailscale-.*)$/;

/** So long a chain is nobody's honest one. */
const hopsMax = 32;

export function originOf(socketAddress: string, headers: ForwardingHeaders, trust: ProxyTrust): Origin {
  const peer = normalAddress(socketAddress) ?? "unknown";
  const isForwarded = Object.keys(headers).some((name) => forwardingHeader.test(name) && headers[name] !== undefined);
  const isByProxy = trust.proxies.has(peer);
  const visitor = isByProxy ? undefined : visitorOfTailscale(peer, headers, trust.published);
  if (visitor !== undefined)
    return { address: visitor, isLocal: false, isSecure: true, isByProxy: false, isUnknownProxy: false };
  if (!isByProxy) {
    const isLocal = isLoopbackAddress(peer) && !isForwarded;
    return { address: peer, isLocal, isSecure: false, isByProxy, isUnknownProxy: isForwarded };
  }
  // A proxy on this machine that forwards nothing looks like this machine itself, so nobody at its address is local.
  const address = clientOf(headers, trust) ?? peer;
  return { address, isLocal: false, isSecure: cameOverTls(headers), isByProxy, isUnknownProxy: false };
}

/**
 * Tailscale's proxy replaces these headers with its own. Another program of this machine can write them as well, and only
 * loses what it has as a local one; so what they say counts for pace and for links, and proves nothing.
 */
function visitorOfTailscale(
  peer: string,
  headers: ForwardingHeaders,
  published: ProxyTrust["published"],
): string | undefined {
  if (published === undefined || !isLoopbackAddress(peer)) return undefined;
  const [host, address, scheme] = ["x-forwarded-host", "x-forwarded-for", "x-forwarded-proto"].map(
    (name) => headers[name],
  );
  if (scheme !== "https" || typeof host !== "string" || typeof address !== "string") return undefined;
  if (host.toLowerCase().replace(/:\d{1,5}$/, "") !== published.name) return undefined;
  const visitor = normalAddress(address);
  if (visitor === undefined || isLoopbackAddress(visitor)) return undefined;
  return published.mode === "funnel" || tailnetAddresses.has(visitor) ? visitor : undefined;
}

function clientOf(headers: ForwardingHeaders, { proxies, realIpFallback }: ProxyTrust): string | undefined {
  const hops = listOf(headers["x-forwarded-for"]);
  let last: string | undefined;
  for (const hop of hops.slice(-hopsMax).toReversed()) {
    const address = addressOfHop(hop);
    // Left of something unreadable anything may have been written by anybody.
    if (address === undefined) return last;
    last = address;
    if (!proxies.has(address)) return address;
  }
  if (last !== undefined) return last;
  const real = realIpFallback ? listOf(headers["x-real-ip"]) : [];
  return real.length === 1 && real[0] !== undefined ? addressOfHop(real[0]) : undefined;
}

/** `1.2.3.4`, `1.2.3.4:5678`, `2001:db8::1`, `[2001:db8::1]:5678`. */
function addressOfHop(hop: string): string | undefined {
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(hop)?.[1];
  const withPort = /^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/.exec(hop)?.[1];
  return normalAddress(bracketed ?? withPort ?? hop);
}

/** What the hop next to us says: the last entry, and no claim from further left. */
function cameOverTls(headers: ForwardingHeaders): boolean {
  const scheme = listOf(headers["x-forwarded-proto"]).at(-1);
  if (scheme !== undefined) return scheme.toLowerCase() === "https";
  const hop = listOf(headers["forwarded"]).at(-1) ?? "";
  return /(^|;)\s*proto="?https"?\s*(;|$)/i.test(hop);
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  const text = typeof value === "string" ? value : (value ?? []).join(",");
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
