// A gateway's address, and whether it may be spoken to in the clear: what goes over the wire are conversations and the
// token that opens the gateway, so without TLS only this machine and a tailnet, which encrypts by itself, will do.
import { networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";

export type GatewayUrl = {
  /** Always with its port, and the name under which tokens and fingerprints are remembered. */
  readonly text: string;
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly path: string;
};

/** `addresses` are this machine's own: only who is in a tailnet reaches somebody through it. */
export function parseGatewayUrl(text: string, addresses: readonly string[] = ownAddresses()): Parsed<GatewayUrl> {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return rejected(`not an address: ${JSON.stringify(text.slice(0, 200))}; it looks like wss://host:18789`);
  }
  if (url.protocol !== "ws:" && url.protocol !== "wss:")
    return rejected(`a gateway's address begins with ws:// or wss://, not ${url.protocol}//`);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    return rejected("an address holds no user, password, query or fragment: they would end up in logs");
  const secure = url.protocol === "wss:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (!secure && !encryptedAnyway(host, addresses))
    return rejected(
      `ws://${url.host} would carry conversations and credentials in the clear. Use wss://, or a tunnel: ` +
        `ssh -N -L 18789:127.0.0.1:18789 user@${url.hostname}, then ws://127.0.0.1:18789`,
    );
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  const path = url.pathname;
  return parsed({ text: `${url.protocol}//${url.hostname}:${port}${path}`, secure, host, port, path });
}

function encryptedAnyway(host: string, addresses: readonly string[]): boolean {
  // Every other name is DNS's to decide, and who answers for DNS could point it anywhere.
  if (host === "localhost") return true;
  if (!ipaddr.isValid(host)) return false;
  const address = ipaddr.process(host);
  if (address.range() === "loopback") return true;
  return inTailnet(host) && addresses.some(inTailnet);
}

const tailnets = [ipaddr.parseCIDR("100.64.0.0/10"), ipaddr.parseCIDR("fd7a:115c:a1e0::/48")] as const;

function inTailnet(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.process(text);
  return tailnets.some(([range, bits]) => address.kind() === range.kind() && address.match(range, bits));
}

function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((found) => (found ?? []).map(({ address }) => address));
}
