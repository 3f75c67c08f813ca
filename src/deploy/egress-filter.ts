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

function nftables({ user, ports }: FilterFacts): string {
  return `# Save as /etc/nftables.d/lorica-egress.nft and load it with: nft -f /etc/nftables.d/lorica-egress.nft
# A provider in your own network needs a line of its own above the two that drop.
table inet lorica_egress {
  chain output {
    type filter hook output priority 0; policy accept;
    meta skuid != "${user}" accept
    oifname "lo" accept
    ct state established,related accept
    udp dport 53 accept
    tcp dport 53 accept
    ip daddr { ${around4.join(", ")} } counter drop
    ip6 daddr { ${around6.join(", ")} } counter drop
    tcp dport { ${ports.join(", ")} } accept
    counter drop
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
