// Where a request or a connection comes from, and whether a browser may have been lured into making it.
import type { IncomingMessage } from "node:http";
import { normalAddress, originOf } from "../../network/network.ts";
import type { Origin } from "../../network/network.ts";
import type { Peer } from "../../pairing/pairing.ts";
import type { AccessSettings } from "./access.ts";

/** What of a request is looked at; a WebSocket's upgrade has it all too. */
export type Incoming = Pick<IncomingMessage, "headers" | "socket">;

export function peerOf(req: Incoming, access: AccessSettings): Peer {
  const { address, isLocal, isSecure } = hopsOf(req, access);
  return { address, isLocal, isSecure: isSecure || isEncrypted(req), origin: req.headers.origin };
}

/** The same with what is known of the proxies in between. */
export function hopsOf(req: Incoming, access: AccessSettings): Origin {
  return originOf(req.socket.remoteAddress ?? "", req.headers, access);
}

function isEncrypted({ socket }: Incoming): boolean {
  return "encrypted" in socket && socket.encrypted === true;
}

/**
 * Why a page of this origin may not call: it is neither the page that the gateway itself serves, nor one that the config
 * names. Undefined where it may, and for whoever is no browser.
 */
export function originProblem(req: Incoming, access: AccessSettings): string | undefined {
  const { origin, host } = req.headers;
  if (origin === undefined) return isCrossSite(req) ? "a page of another site may not call this gateway" : undefined;
  if (access.allowedOrigins.includes(origin)) return undefined;
  const match = /^https?:\/\/([^/?#@\\\s]+)$/i.exec(origin);
  // What came over TLS was not made by a page that did not: somebody on the way could have written that one.
  const isDowngraded = /^http:/i.test(origin) && peerOf(req, access).isSecure;
  if (match?.[1] !== undefined && host !== undefined && !isDowngraded && sameHost(match[1], host, origin))
    return undefined;
  return `pages of ${JSON.stringify(origin.slice(0, 128))} may not call this gateway; gateway.controlUi.allowedOrigins names those that may`;
}

/** Browsers that leave `Origin` out of some requests still say this much. */
function isCrossSite({ headers }: Incoming): boolean {
  const site = headers["sec-fetch-site"];
  const isVisit = headers["sec-fetch-mode"] === "navigate";
  return !isVisit && (site === "cross-site" || site === "same-site");
}

function sameHost(left: string, right: string, origin: string): boolean {
  const port = origin.toLowerCase().startsWith("https:") ? ":443" : ":80";
  const plain = (host: string): string => host.toLowerCase().replace(new RegExp(`${port}$`), "");
  return plain(left) === plain(right);
}

export type HostProblem = { readonly status: 400 | 421; readonly reason: string };

/** A browser that was lured here by a name of somebody else's carries that name: only addresses and our own pass. */
export function hostProblem(host: string | undefined, hostNames: readonly string[]): HostProblem | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]\s/@]+)(?::\d{1,5})?$/i.exec(host ?? "");
  if (match?.[1] === undefined) return { status: 400, reason: "a valid Host header is needed" };
  const name = match[1]
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
  if (normalAddress(name) !== undefined || name === "localhost" || name.endsWith(".localhost")) return undefined;
  if (hostNames.some((known) => known.toLowerCase() === name)) return undefined;
  const names = ["its address", "localhost", ...hostNames].join(", ");
  return { status: 421, reason: `this gateway does not answer to that host name; use ${names}` };
}

/** Undefined where a page may be used from there: TLS, or this machine; over plain HTTP anybody on the way reads along. */
export function plainProblem(req: Incoming, access: AccessSettings): string | undefined {
  const { isSecure, isLocal } = peerOf(req, access);
  if (isSecure || isLocal) return undefined;
  return "browsers on other machines must come over HTTPS, or over a tunnel to this machine: ssh -N -L 18789:127.0.0.1:18789 user@host";
}
