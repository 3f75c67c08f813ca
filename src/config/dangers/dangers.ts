// Dangerous settings: those that a config may only have where its owner has written down that they are meant, and that are
// shown for as long as they are in force.
import ipaddr from "ipaddr.js";
import { isLocalHost } from "../../protocol/providers.ts";
import type { Path } from "../read/issue.ts";
import { renderPath } from "../read/issue.ts";
import type { Config } from "../schema/schema.ts";

export type Danger = {
  readonly path: Path;
  readonly value: string;
  readonly risk: string;
  /** What takes its place where it is not in force: always a valid value, and one by which nobody may do more. */
  readonly safe: { readonly at: Path; readonly from: (present: unknown) => unknown };
};

/** As the owner writes down that it is meant. */
export function settingOf({ path, value }: Pick<Danger, "path" | "value">): string {
  return `${renderPath(path)}=${value}`;
}

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
  const add = (path: Path, value: string, about: { readonly risk: string; readonly safe: Replacement }): void =>
    void found.push({ path, value, risk: about.risk, safe: { at: path, from: about.safe } });
  if (config.logging.redactSensitive === "off")
    add(["logging", "redactSensitive"], "off", {
      risk: "credentials would be written to the log",
      safe: () => "tools",
    });
  if (config.gateway.auth.mode === "none")
    add(["gateway", "auth", "mode"], "none", {
      risk: "every program and every user of this machine could connect",
      safe: () => "token",
    });
  config.gateway.trustedProxies.forEach((range, at) => {
    if (!isEverything(range)) return;
    const path = ["gateway", "trustedProxies"];
    const risk = "anybody could claim any address";
    found.push({ path: [...path, at], value: range, risk, safe: { at: path, from: instead(range, nobodysAddress) } });
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
      if (account.dmPolicy === "open") add([...path, "dmPolicy"], "open", { risk: anybody, safe: () => "pairing" });
      if (account.allowFrom.includes("*")) add([...path, "allowFrom"], "*", { risk: anybody, safe: withoutAll });
      if (account.groupAllowFrom.includes("*"))
        add([...path, "groupAllowFrom"], "*", { risk: anybodyInGroup, safe: withoutAll });
      for (const [group, { allowFrom }] of Object.entries(account.groups))
        if (allowFrom.includes("*"))
          add([...path, "groups", group, "allowFrom"], "*", { risk: anybodyInGroup, safe: withoutAll });
      if (isUnencrypted(account.apiRoot))
        add([...path, "apiRoot"], account.apiRoot, {
          risk: "the token and messages would cross the network unencrypted",
          safe: encrypted,
        });
      if (account.groupPolicy === "open") add([...path, "groupPolicy"], "open", openGroups);
    }
  }
  if (config.channels.defaults.groupPolicy === "open") add(["channels", "defaults", "groupPolicy"], "open", openGroups);
  for (const [id, provider] of Object.entries(config.models.providers))
    if (provider.api !== "rehearsal" && isUnencrypted(provider.baseUrl))
      add(["models", "providers", id, "baseUrl"], provider.baseUrl, {
        risk: "keys and messages would cross the network unencrypted",
        safe: encrypted,
      });
  return found;
}

type Replacement = (present: unknown) => unknown;

const anybody = "anybody could write to the assistant";
const anybodyInGroup = "anybody in a group could use the assistant";
const openGroups = { risk: "any group could use the assistant", safe: () => "allowlist" } as const;
const nobodysAddress = "255.255.255.255/32";

/** A list that becomes empty may stand for another one, or for everybody: whom nobody can be takes the place. */
const withoutAll: Replacement = instead("*", "(nobody)");

function instead(item: string, other: string): Replacement {
  return (present) =>
    Array.isArray(present) ? present.map((each: unknown) => (each === item ? other : each)) : present;
}

/** The same place, and where it speaks no TLS, none. */
const encrypted: Replacement = (present) => String(present).replace(/^http:/i, "https:");

function isUnencrypted(baseUrl: string | undefined): baseUrl is string {
  if (baseUrl === undefined) return false;
  const { protocol, hostname } = new URL(baseUrl);
  return protocol === "http:" && !isLocalHost(hostname);
}

function isEverything(range: string): boolean {
  return ipaddr.isValidCIDR(range) && ipaddr.parseCIDR(range)[1] === 0;
}
