// What the keys of the listening edge must agree on: nobody but this machine reaches a gateway that asks for nothing.
import ipaddr from "ipaddr.js";
import { cellProblems } from "./cells.ts";
import { webhookProblems } from "./webhooks.ts";
import type { Config } from "../schema/schema.ts";

export type EdgeProblem = { readonly path: readonly (string | number)[]; readonly message: string };

export function edgeProblems(config: Config): readonly EdgeProblem[] {
  const { gateway } = config;
  const { bind, customBindHost, auth, tls, trustedProxies } = gateway;
  const problems: EdgeProblem[] = [...webhookProblems(config), ...cellProblems(config)];
  const refuse = (path: EdgeProblem["path"], message: string): void => void problems.push({ path, message });
  if (bind === "custom" && customBindHost === undefined)
    refuse(["gateway", "customBindHost"], 'is missing; bind: "custom" listens on the address it names');
  if (auth.mode === "none" && reachesOthers(gateway))
    refuse(["gateway", "auth", "mode"], "a gateway that other machines can reach needs authentication");
  if (auth.mode === "trusted-proxy") {
    const below = ["gateway", "auth", "trustedProxy"];
    if (auth.trustedProxy.userHeader === undefined)
      refuse([...below, "userHeader"], "is missing; it names the header in which the proxy says who it is");
    if (auth.trustedProxy.allowUsers.length === 0)
      refuse([...below, "allowUsers"], "is empty; it names the users who may use the gateway");
    if (trustedProxies.length === 0)
      refuse(["gateway", "trustedProxies"], "is empty; it names the proxy that authenticates users");
  }
  problems.push(...tailscaleProblems(gateway));
  if (tls.enabled && tls.certPath === undefined)
    refuse(
      ["gateway", "tls", "certPath"],
      "is missing; TLS needs a certificate (certbot, mkcert or your authority makes one)",
    );
  if (tls.enabled && tls.keyPath === undefined)
    refuse(["gateway", "tls", "keyPath"], "is missing; TLS needs the certificate's private key");
  return problems;
}

/** Tailscale's own limit: the ports that a Funnel may have. */
const funnelPorts: ReadonlySet<number> = new Set([443, 8443, 10_000]);

function tailscaleProblems(gateway: Config["gateway"]): readonly EdgeProblem[] {
  const { mode, httpsPort } = gateway.tailscale;
  if (mode === "off") return [];
  const at = ["gateway", "tailscale", "mode"];
  const problems: EdgeProblem[] = [];
  if (gateway.bind !== "loopback" && gateway.bind !== "auto")
    problems.push({ path: at, message: `needs gateway.bind "loopback"; else there is a way past Tailscale` });
  if (gateway.tls.enabled)
    problems.push({ path: at, message: "brings a certificate of its own; switch gateway.tls.enabled off" });
  if (mode === "funnel" && gateway.auth.mode !== "password")
    problems.push({
      path: at,
      message: 'opens the gateway to the whole internet, where nobody is known: it needs gateway.auth.mode "password"',
    });
  if (mode === "funnel" && !funnelPorts.has(httpsPort))
    problems.push({ path: ["gateway", "tailscale", "httpsPort"], message: "must be 443, 8443 or 10000 for a Funnel" });
  return problems;
}

/** Whether anybody but this machine can come to the listener. */
export function reachesOthers({ bind, customBindHost }: Config["gateway"]): boolean {
  if (bind === "loopback" || bind === "auto") return false;
  return bind !== "custom" || customBindHost === undefined || ipaddr.process(customBindHost).range() !== "loopback";
}
