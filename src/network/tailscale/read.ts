// What the `tailscale` program prints, as far as we go by it. It is a program of the owner's, and still everything it says
// is parsed: names in it come from other people's machines.
import { isRecord, parseJson } from "../../base/json.ts";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
import { createAddressRanges } from "../address.ts";

/** The addresses that Tailscale gives out; of nobody else does its daemon know who they are. */
export const tailnetAddresses = createAddressRanges(["100.64.0.0/10", "fd7a:115c:a1e0::/48"]);

/** This machine's name on its tailnet, once it is connected to one. */
export function parseTailnetName(text: string): Parsed<string> {
  const json = parseJson(text);
  if (!json.ok || !isRecord(json.value)) return rejected("`tailscale status --json` printed something else");
  const { BackendState: state, Self: self } = json.value;
  if (state !== "Running") return rejected(`Tailscale is not connected (${plain(state)})`);
  const name = isRecord(self) && typeof self["DNSName"] === "string" ? self["DNSName"].replace(/\.$/, "") : "";
  if (/^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/.test(name)) return parsed(name);
  return rejected("Tailscale has no name for this machine; MagicDNS is switched off");
}

/** The login of the person behind an address. A machine that belongs to nobody (a tagged one) has none. */
export function parseWhois(text: string): string | undefined {
  const json = parseJson(text);
  if (!json.ok || !isRecord(json.value)) return undefined;
  const { Node: node, UserProfile: profile } = json.value;
  const tags = isRecord(node) ? node["Tags"] : undefined;
  const isTagged = Array.isArray(tags) && tags.length > 0;
  const login = isRecord(profile) ? profile["LoginName"] : undefined;
  if (isTagged || typeof login !== "string" || !/^[\x21-\x7e]{1,254}$/.test(login)) return undefined;
  return login === "tagged-devices" ? undefined : login;
}

/** What Tailscale publishes at one name and port. */
export type Published =
  | { readonly kind: "nothing" }
  /** Everything below `/` goes to this address. */
  | { readonly kind: "proxy"; readonly target: string; readonly isPublic: boolean }
  | { readonly kind: "other" };

export function parsePublished(text: string, name: string, httpsPort: number): Published {
  const json = parseJson(text);
  if (!json.ok || !isRecord(json.value)) return { kind: "other" };
  const { Web: web, TCP: tcp, AllowFunnel: funnels } = json.value;
  const site = `${name}:${httpsPort}`;
  const place = isRecord(web) ? web[site] : undefined;
  const handlers = isRecord(place) && isRecord(place["Handlers"]) ? place["Handlers"] : undefined;
  // A plain TCP forwarder holds the port without a site.
  if (handlers === undefined)
    return isRecord(tcp) && tcp[String(httpsPort)] !== undefined ? { kind: "other" } : { kind: "nothing" };
  const [[path, handler] = [], ...more] = Object.entries(handlers);
  const target = isRecord(handler) ? handler["Proxy"] : undefined;
  if (path !== "/" || more.length > 0 || typeof target !== "string") return { kind: "other" };
  const isPublic = isRecord(funnels) && funnels[site] === true;
  return { kind: "proxy", target: target.replace(/^http:\/\//, "").replace(/\/$/, ""), isPublic };
}

/** One printable line of what it said, for a person. */
export function plain(text: unknown): string {
  const line = String(text)
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim();
  return line.slice(0, 300);
}
