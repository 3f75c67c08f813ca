// What the keys of the listening edge must agree on: nobody but this machine reaches a gateway that asks for nothing.
import ipaddr from "ipaddr.js";
import type { Config } from "../schema/schema.ts";

export type EdgeProblem = { readonly path: readonly (string | number)[]; readonly message: string };

export function edgeProblems({ gateway }: Config): readonly EdgeProblem[] {
  const { bind, customBindHost, auth, tls, trustedProxies } = gateway;
  const problems: EdgeProblem[] = [];
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
  if (tls.enabled && tls.certPath === undefined)
    refuse(
      ["gateway", "tls", "certPath"],
      "is missing; TLS needs a certificate (certbot, mkcert or your authority makes one)",
    );
  if (tls.enabled && tls.keyPath === undefined)
    refuse(["gateway", "tls", "keyPath"], "is missing; TLS needs the certificate's private key");
  return problems;
}

/** Whether anybody but this machine can come to the listener. */
export function reachesOthers({ bind, customBindHost }: Config["gateway"]): boolean {
  if (bind === "loopback" || bind === "auto") return false;
  return bind !== "custom" || customBindHost === undefined || ipaddr.process(customBindHost).range() !== "loopback";
}
