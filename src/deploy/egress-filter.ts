// A packet filter for the machine around an installation: the user that it runs as reaches name servers and the ports that
// its config names, and nothing in the networks around it. It is a second wall: which hosts these are, only the broker knows.

export type FilterFacts = { readonly user: string; readonly ports: readonly number[] };

export const filterTargets = ["nftables", "ufw"] as const;

/** Undefined where there is nothing to render for that. */
export function renderEgressFilter(target: string, facts: FilterFacts): string | undefined {
  if (target === "nftables") return nftables(facts);
  return target === "ufw" ? ufw(facts) : undefined;
}

const around4 = ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"];
const around6 = ["fc00::/7", "fe80::/10"];

/**
 * One user is picked out, instead of all others being let go: what the kernel sends by itself (IPv6's search for
 * neighbours, a VPN of its own) belongs to no user and would be in neither. A refusal is answered, so that whoever asks
 * need not wait for a time-out. Loading it again replaces what it was, in one step.
 */
function nftables({ user, ports }: FilterFacts): string {
  const refuse = "counter reject with icmpx type admin-prohibited";
  return `# Save as /etc/nftables.d/lorica-egress.nft and load it with: nft -f /etc/nftables.d/lorica-egress.nft
# To have it after a restart, too, end /etc/nftables.conf with: include "/etc/nftables.d/*.nft"
# and run: systemctl enable nftables
# A provider in your own network needs a line of its own above the two that refuse whole networks.
table inet lorica_egress
delete table inet lorica_egress
table inet lorica_egress {
  chain output {
    type filter hook output priority 0; policy accept;
    meta skuid "${user}" goto lorica
  }
  chain lorica {
    oifname "lo" accept
    ct state established,related accept
    udp dport 53 accept
    tcp dport 53 accept
    ip daddr { ${around4.join(", ")} } ${refuse}
    ip6 daddr { ${around6.join(", ")} } ${refuse}
    tcp dport { ${ports.join(", ")} } accept
    ${refuse}
  }
}
`;
}

function ufw({ ports }: FilterFacts): string {
  const drops = [...around4, ...around6].map((range) => `ufw deny out to ${range}`);
  const allows = ports.map((port) => `ufw allow out ${port}/tcp`);
  return `# ufw knows no users: this holds for every program of this machine. With nftables it can be for Lorica alone.
ufw allow out on lo
ufw allow out 53
${drops.join("\n")}
${allows.join("\n")}
ufw default deny outgoing
`;
}
