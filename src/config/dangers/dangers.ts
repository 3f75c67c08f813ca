// Dangerous settings: those that a config may only have where its owner has written down that they are meant, and that are
// shown for as long as they are in force.
import ipaddr from "ipaddr.js";
import { isLocalHost } from "../../protocol/providers.ts";
import type { Path } from "../read/issue.ts";
import { renderPath } from "../read/issue.ts";
import type { Config } from "../schema/schema.ts";

export type Danger = { readonly path: Path; readonly value: string; readonly risk: string };

/** For the owner, one sentence each; with what is dangerous although nobody has to write it down. */
export function renderDangers(config: Config): readonly string[] {
  const { bind, tls, trustedProxies } = config.gateway;
  const lines = dangersOf(config).map(({ path, value, risk }) => `\`${renderPath(path)}\` is \`${value}\`: ${risk}.`);
  if ((bind === "lan" || bind === "custom") && !tls.enabled && trustedProxies.length === 0)
    lines.push(
      `\`gateway.bind\` is \`${bind}\` without TLS or a proxy in front: other machines reach this gateway unencrypted.`,
    );
  if (config.gateway.tailscale.mode === "funnel")
    lines.push("`gateway.tailscale.mode` is `funnel`: the whole internet reaches this gateway's door.");
  return lines;
}

/** Valid, and sometimes meant; never by accident. */
export function dangersOf(config: Config): readonly Danger[] {
  const found: Danger[] = [];
  const add = (path: Path, value: string, risk: string): void => void found.push({ path, value, risk });
  if (config.logging.redactSensitive === "off")
    add(["logging", "redactSensitive"], "off", "credentials would be written to the log");
  if (config.gateway.auth.mode === "none")
    add(["gateway", "auth", "mode"], "none", "every program and every user of this machine could connect");
  config.gateway.trustedProxies.forEach((range, at) => {
    if (isEverything(range)) add(["gateway", "trustedProxies", at], range, "anybody could claim any address");
  });
  for (const [type, channel] of Object.entries(config.channels)) {
    if (!("allowFrom" in channel)) continue;
    const accounts = [
      { path: ["channels", type] as Path, account: channel },
      ...Object.entries(channel.accounts).map(([id, account]) => ({
        path: ["channels", type, "accounts", id] as Path,
        account,
      })),
    ];
    for (const { path, account } of accounts) {
      if (account.dmPolicy === "open") add([...path, "dmPolicy"], "open", "anybody could write to the assistant");
      if (account.allowFrom.includes("*")) add([...path, "allowFrom"], "*", "anybody could write to the assistant");
      if (account.groupAllowFrom.includes("*"))
        add([...path, "groupAllowFrom"], "*", "anybody in a group could use the assistant");
      for (const [group, { allowFrom }] of Object.entries(account.groups))
        if (allowFrom.includes("*"))
          add([...path, "groups", group, "allowFrom"], "*", "anybody in a group could use the assistant");
      if (isUnencrypted(account.apiRoot))
        add([...path, "apiRoot"], account.apiRoot, "the token and messages would cross the network unencrypted");
      if (account.groupPolicy === "open") add([...path, "groupPolicy"], "open", "any group could use the assistant");
    }
  }
  if (config.channels.defaults.groupPolicy === "open")
    add(["channels", "defaults", "groupPolicy"], "open", "any group could use the assistant");
  for (const [id, provider] of Object.entries(config.models.providers))
    if (provider.api !== "rehearsal" && isUnencrypted(provider.baseUrl))
      add(
        ["models", "providers", id, "baseUrl"],
        provider.baseUrl,
        "keys and messages would cross the network unencrypted",
      );
  return found;
}

function isUnencrypted(baseUrl: string | undefined): baseUrl is string {
  if (baseUrl === undefined) return false;
  const { protocol, hostname } = new URL(baseUrl);
  return protocol === "http:" && !isLocalHost(hostname);
}

function isEverything(range: string): boolean {
  return ipaddr.isValidCIDR(range) && ipaddr.parseCIDR(range)[1] === 0;
}
