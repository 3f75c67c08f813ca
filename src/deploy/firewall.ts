// Commands for the host's firewall. The gateway's own port is never opened: what comes from outside comes through a proxy
// or a tunnel on this machine.
import ipaddr from "ipaddr.js";
import { expandProxies, normalAddress } from "../network/network.ts";
import type { DeployFacts } from "./deploy.ts";
import { lines } from "./proxy.ts";

const closed = ["ufw default deny incoming", "ufw default allow outgoing"];

export function renderUfw({ ownAddresses, port }: DeployFacts): string {
  const ssh =
    ownAddresses.length === 0
      ? [
          "# Without --allow-ip SSH stays open to everybody, at a pace. Name your own address instead.",
          "ufw limit 22/tcp",
        ]
      : ownAddresses.map((address) => `ufw allow from ${address} to any port 22 proto tcp`);
  return lines(
    "#!/bin/sh",
    `# Closes everything but SSH and the proxy. Port ${port} is not among it: it stays this machine's.`,
    "set -eu",
    ...closed,
    ...ssh,
    "# Only Cloudflare's edge may come to the proxy. Leave these out where nothing is to come from the internet; a tunnel",
    "# (cloudflared, tailscale) needs none of them, and is the better way.",
    ...expandProxies(["cloudflare"]).map((range) => `ufw allow from ${range} to any port 443 proto tcp`),
    "ufw --force enable",
  );
}

export function renderUfwTailscale({ port }: DeployFacts): string {
  return lines(
    "#!/bin/sh",
    `# Only the tailnet comes in, SSH included. Port ${port} stays this machine's: \`tailscale serve\` leads to it.`,
    "# Try SSH over the tailnet before you close this connection.",
    "set -eu",
    ...closed,
    "ufw allow in on tailscale0",
    "ufw allow 41641/udp",
    "ufw --force enable",
  );
}

/** One address or range, as firewalls and rules are given them. */
export function isAddressOrRange(text: string): boolean {
  return /^[0-9a-fA-F.:/]{2,49}$/.test(text) && (ipaddr.isValidCIDR(text) || normalAddress(text) !== undefined);
}
