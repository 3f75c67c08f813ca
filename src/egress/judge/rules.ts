// The rules of the way out: what the owner wrote, what a preset stands for and what the enabled providers and platforms
// need, all in one form.
import { renderHost } from "../../protocol/known/hosts.ts";
import type { HostPattern } from "../../protocol/known/hosts.ts";
import type { Reach } from "../../network/network.ts";

export type EgressRule = {
  /** Where it comes from, as the owner finds it: `egress.allow[0]`, `preset:git`, `models.providers.openai`. */
  readonly id: string;
  readonly verdict: "allow" | "deny";
  /** `literal`: exactly what a base URL names, which may be an address. */
  readonly host: HostPattern | { readonly kind: "literal"; readonly name: string };
  /** None stands for every port, in a rule that denies. */
  readonly ports: readonly number[];
  readonly agents?: readonly string[] | undefined;
  /** Upper case. A rule that names methods or paths holds only where these can be seen. */
  readonly methods?: readonly string[] | undefined;
  readonly paths?: readonly string[] | undefined;
  /** A provider's id, or a platform's account as `channel/account`. */
  readonly accounts?: readonly string[] | undefined;
  /** The vault's names. In a rule for cells that allows: which of them a placeholder may stand for at this host. */
  readonly credentials?: readonly string[] | undefined;
  readonly reach: Reach;
  /** Milliseconds since 1970 at which it ends. */
  readonly until?: number | undefined;
};

/** What one agent's commands may reach. */
export type AgentEgress = {
  readonly rules: readonly EgressRule[];
  /** Hosts whose TLS the broker ends, beside those whose rules need it. */
  readonly terminate: readonly HostPattern[];
  /** Bytes that one connection may carry outwards. */
  readonly uploadMaxBytes: number | undefined;
};

export type Preset = { readonly hosts: readonly string[]; readonly risk: string };

export type PresetName = "packages" | "git";

export const presets: Readonly<Record<PresetName, Preset>> = {
  packages: {
    hosts: [
      "registry.npmjs.org",
      "registry.yarnpkg.com",
      "pypi.org",
      "files.pythonhosted.org",
      "crates.io",
      "index.crates.io",
      "static.crates.io",
      "proxy.golang.org",
      "sum.golang.org",
      "rubygems.org",
      "index.rubygems.org",
      "repo.maven.apache.org",
      "repo1.maven.org",
      "packagist.org",
      "repo.packagist.org",
    ],
    risk: "whoever has an account there can publish, so a command could upload what it read as a package; and a package that it installs runs in the cell",
  },
  git: {
    hosts: [
      "github.com",
      "codeload.github.com",
      "objects.githubusercontent.com",
      "raw.githubusercontent.com",
      "gitlab.com",
      "codeberg.org",
      "bitbucket.org",
    ],
    risk: "everybody has repositories there, so a command that holds any token for it could push what it read to a stranger's",
  },
};

/** Whether the way out exists at all for an agent: where nothing is allowed, its cells have no network whatsoever. */
export function hasWayOut(egress: AgentEgress | undefined): boolean {
  return egress?.rules.some(({ verdict }) => verdict === "allow") ?? false;
}

export function seesRequest({ methods, paths }: EgressRule): boolean {
  return methods !== undefined || paths !== undefined;
}

/** Hosts whose TLS may have to end in the broker, so that a cell's authority can vouch for them. */
export function endedHosts({ rules, terminate }: AgentEgress): readonly HostPattern[] {
  const needed = rules.flatMap((rule) => (seesRequest(rule) && rule.host.kind !== "literal" ? [rule.host] : []));
  const hosts = [...terminate, ...(needed as readonly HostPattern[])];
  return [...new Map(hosts.map((host) => [`${host.kind} ${host.name}`, host])).values()];
}

/** For its owner. */
export function renderRule(rule: EgressRule): string {
  const { id, verdict, host, ports, methods, paths, agents, until } = rule;
  const name = host.kind === "literal" ? host.name : renderHost(host);
  const port = ports.length === 0 ? "" : ports.map((number) => `:${number}`).join(",");
  const only = [...(methods ?? []), ...(paths ?? []), ...(agents === undefined ? [] : [`for ${agents.join(", ")}`])];
  const end = until === undefined ? [] : [`until ${new Date(until).toISOString()}`];
  return [`${verdict} ${name}${port}`, ...only, ...end, `(${id})`].join(" ");
}
