// Where to listen, worked out from the config and from what this machine's interfaces have. Never more than was asked for:
// what cannot be had is a refusal with the reason, and nothing else in its place.
import ipaddr from "ipaddr.js";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";
import { createAddressRanges, isLoopbackAddress, normalAddress } from "./address.ts";

export type ListenAddress = { readonly host: string; readonly port: number };

export type Interface = {
  readonly name: string;
  readonly address: string;
  readonly isInternal: boolean;
};

export type Binding = {
  readonly bind: "loopback" | "lan" | "tailnet" | "auto" | "custom";
  readonly customBindHost: string | undefined;
  readonly port: number;
};

const tailnetRange = createAddressRanges(["100.64.0.0/10"]);

/** The first address is the one that clients of this machine are told. */
export function planListening(binding: Binding, interfaces: readonly Interface[]): Parsed<readonly ListenAddress[]> {
  const at = (...hosts: readonly string[]): Parsed<readonly ListenAddress[]> =>
    parsed(hosts.map((host) => ({ host, port: binding.port })));
  switch (binding.bind) {
    case "loopback":
    case "auto":
      // Browsers try either address for `localhost`: left to others, ::1 would be theirs to answer on.
      return interfaces.some(({ address }) => address === "::1") ? at("127.0.0.1", "::1") : at("127.0.0.1");
    case "lan":
      return interfaces.some(({ address }) => address.includes(":")) ? at("::") : at("0.0.0.0");
    case "tailnet":
      return tailnetAddress(interfaces, at);
    case "custom":
      return binding.customBindHost === undefined
        ? rejected("gateway.customBindHost is missing")
        : at(normalAddress(binding.customBindHost) ?? binding.customBindHost);
  }
}

/** Some providers give out addresses of the same range, so the interface must be Tailscale's too. */
function tailnetAddress(
  interfaces: readonly Interface[],
  at: (host: string) => Parsed<readonly ListenAddress[]>,
): Parsed<readonly ListenAddress[]> {
  const found = interfaces.find(({ name, address }) => /^(tailscale|utun)/.test(name) && tailnetRange.has(address));
  if (found !== undefined) return at(found.address);
  return rejected(
    "no interface has a Tailscale address. Start Tailscale (tailscale up) and try again, or choose another gateway.bind",
  );
}

/** Why the sockets that were opened are not the ones that were asked for; undefined where they are (NET-004). */
export function listeningProblem(
  wanted: readonly ListenAddress[],
  actual: readonly ListenAddress[],
): string | undefined {
  const render = (list: readonly ListenAddress[]): string => list.map(renderAddress).toSorted().join(", ");
  const isSame = wanted.length === actual.length && wanted.every((address, at) => isSameAddress(address, actual[at]));
  return isSame ? undefined : `it was to listen on ${render(wanted)} and listens on ${render(actual)}`;
}

function isSameAddress(wanted: ListenAddress, actual: ListenAddress | undefined): boolean {
  if (actual === undefined || (wanted.port !== 0 && wanted.port !== actual.port)) return false;
  return normalAddress(wanted.host) === normalAddress(actual.host);
}

export function renderAddress({ host, port }: ListenAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Every address under which others can come to a listener, and how far that is. */
export type Reachable = {
  readonly interface: string;
  readonly address: string;
  readonly from: "machine" | "network" | "internet";
};

export function reachOf(listening: readonly ListenAddress[], interfaces: readonly Interface[]): readonly Reachable[] {
  const hosts = new Set(listening.map(({ host }) => normalAddress(host) ?? host));
  const isEvery = (address: string): boolean => hosts.has("::") || (hosts.has("0.0.0.0") && !address.includes(":"));
  return interfaces
    .filter(({ address }) => hosts.has(address) || isEvery(address))
    .map(({ name, address }) => ({ interface: name, address, from: distanceOf(address) }));
}

function distanceOf(address: string): Reachable["from"] {
  if (isLoopbackAddress(address)) return "machine";
  return ipaddr.parse(address).range() === "unicast" ? "internet" : "network";
}

/** As `os.networkInterfaces()` tells them. */
export function listInterfaces(
  found: Readonly<Record<string, readonly { readonly address: string; readonly internal: boolean }[] | undefined>>,
): readonly Interface[] {
  return Object.entries(found).flatMap(([name, addresses]) =>
    (addresses ?? []).flatMap(({ address, internal }) => {
      const normal = normalAddress(address);
      return normal === undefined ? [] : [{ name, address: normal, isInternal: internal }];
    }),
  );
}
