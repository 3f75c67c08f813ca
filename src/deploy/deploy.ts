// Files for what stands around a gateway: proxies, the host's firewall, Cloudflare's. They are printed and never applied;
// nothing here touches the machine.
import { renderWaf } from "./cloudflare-waf.ts";
import { renderCompose, renderComposeSeccomp } from "./compose.ts";
import { isAddressOrRange, renderUfw, renderUfwTailscale } from "./firewall.ts";
import { renderSystemdCredential } from "./credential.ts";
export { filterTargets, renderEgressFilter } from "./egress-filter.ts";
import { renderCaddy, renderNginx, renderTraefik } from "./proxy.ts";

export type DeployFacts = {
  /** The gateway's port on the loopback. */
  readonly port: number;
  readonly hostName: string;
  /** The name of the gateway's service. */
  readonly unit: string;
  /** The owner's own addresses or ranges. */
  readonly ownAddresses: readonly string[];
};

const renderers = {
  nginx: renderNginx,
  caddy: renderCaddy,
  traefik: renderTraefik,
  ufw: renderUfw,
  "ufw-tailscale": renderUfwTailscale,
  compose: renderCompose,
  "compose-seccomp": renderComposeSeccomp,
  "systemd-credential": renderSystemdCredential,
  "cloudflare-waf": renderWaf,
} as const;

export const deployTargets: readonly string[] = Object.keys(renderers);

export { isAddressOrRange };

/** Undefined for a target that nobody knows. */
export function renderDeployment(target: string, facts: DeployFacts): string | undefined {
  return Object.hasOwn(renderers, target) ? renderers[target as keyof typeof renderers](facts) : undefined;
}

/** What goes into these files as a name may hold nothing that means something there. */
export function isHostName(text: string): boolean {
  return /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/.test(text);
}
