// What the gateway tells the local network about itself, and whether it tells anything at all. Whoever is on the network
// reads it, so it names no secret, no person and, unless the owner says so, not this machine.
import { randomBytes } from "node:crypto";
import type { Interface, ListenAddress } from "../listen.ts";
import { reachOf } from "../listen.ts";

/** All that the announcing process is told. */
export type Announcement = {
  readonly name: string;
  /** Without `.local`. */
  readonly hostName: string;
  readonly port: number;
  readonly txt: Readonly<Record<string, string>>;
  readonly interfaces: readonly string[];
};

export type MdnsMode = "off" | "minimal" | "full";

/** Where the gateway runs, as far as that can be known from here. */
export type Surroundings = {
  readonly isDisabled: boolean;
  /** What says that this is a container, and what that it is a rented machine. */
  readonly container: string | undefined;
  readonly hoster: string | undefined;
  readonly interfaces: readonly Interface[];
};

export type MdnsDecision =
  | { readonly kind: "off"; readonly because: string }
  | { readonly kind: "on"; readonly interfaces: readonly string[] };

/** In a data centre, a container or on the open internet there is nobody to find it who should. */
export function decideMdns(
  mode: MdnsMode,
  listening: readonly ListenAddress[],
  { isDisabled, container, hoster, interfaces }: Surroundings,
): MdnsDecision {
  const off = (because: string): MdnsDecision => ({ kind: "off", because });
  if (isDisabled) return off("OPENCLAW_DISABLE_BONJOUR is set");
  if (mode === "off") return off("discovery.mdns.mode is off");
  const reachable = reachOf(listening, interfaces).filter(({ from }) => from !== "machine");
  if (reachable.length === 0) return off("the gateway listens to this machine only");
  if (container !== undefined) return off(`this is a container (${container})`);
  if (hoster !== undefined) return off(`this is a rented machine (${hoster})`);
  const open = reachable.find(({ address, from }) => from === "internet" && !address.includes(":"));
  if (open !== undefined) return off(`${open.interface} has a public address`);
  return { kind: "on", interfaces: [...new Set(reachable.map((found) => found.interface))] };
}

export type Announced = {
  readonly mode: "minimal" | "full";
  readonly port: number;
  /** The owner's own name for this machine; without one it gets a name that says nothing. */
  readonly hostName: string | undefined;
  readonly tailnetName: string | undefined;
  /** Of the certificate that the port shows. */
  readonly tlsFingerprint: string | undefined;
  readonly cliPath: string;
  readonly interfaces: readonly string[];
};

export function describeGateway(about: Announced): Announcement {
  const { mode, port, tailnetName, tlsFingerprint, interfaces } = about;
  // Another one at each start, so that it cannot be used to follow a machine from network to network.
  const hostName = about.hostName ?? `openclaw-${randomBytes(3).toString("hex")}`;
  const tls = tlsFingerprint?.replaceAll(":", "").toLowerCase();
  const txt = {
    role: "gateway",
    transport: "gateway",
    gatewayPort: String(port),
    displayName: hostName,
    lanHost: `${hostName}.local`,
    ...(tailnetName === undefined ? {} : { tailnetDns: tailnetName }),
    ...(tls === undefined ? {} : { gatewayTls: "1", gatewayTlsSha256: tls }),
    ...(mode === "full" ? { cliPath: about.cliPath, sshPort: "22" } : {}),
  };
  return { name: hostName, hostName, port, txt, interfaces };
}
