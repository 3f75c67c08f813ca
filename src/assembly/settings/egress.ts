// What the config says about the way out, as rules of the judge: for each agent's commands, and for what the gateway asks
// of the providers and platforms that are switched on.
import { listAgents } from "../../config/config.ts";
import type { AgentSettings, Config, StatePaths } from "../../config/config.ts";
import type { RouteCeiling } from "../../egress/egress.ts";
import { presets } from "../../egress/judge/judge.ts";
import type { AgentEgress, EgressRule, PresetName } from "../../egress/judge/judge.ts";
import { routeRules } from "../../egress/route/rules.ts";
import { limits } from "../../base/limits.ts";
import { parseHostPlace } from "../../protocol/known/hosts.ts";
import type { HostPattern } from "../../protocol/known/hosts.ts";

type Written = Config["egress"]["allow"][number];

export type EgressSettings = {
  /** By agent: what its commands may reach. */
  readonly agents: ReadonlyMap<string, AgentEgress>;
  /** For the broker's own requests: what is enabled, less what is denied. */
  readonly routes: readonly EgressRule[];
};

export function egressOf(config: Config, paths: StatePaths, ceiling: RouteCeiling): EgressSettings {
  const denied = compile("egress.deny", "deny", config.egress.deny);
  const agents = listAgents(config, paths);
  return {
    agents: new Map(agents.map((agent) => [agent.id, agentEgress(config, agent)])),
    routes: [...denied, ...agents.flatMap((agent) => agentDenials(config, agent)), ...routeRules(ceiling)],
  };
}

/** Whether an agent's commands may reach anything at all. */
export function agentReaches(config: Config, paths: StatePaths, agentId: string): boolean {
  const agent = listAgents(config, paths).find(({ id }) => id === agentId);
  return agent !== undefined && agentEgress(config, agent).rules.some(({ verdict }) => verdict === "allow");
}

export function agentEgress(config: Config, agent: AgentSettings): AgentEgress {
  const { profile, allow, presets: own, terminate, uploadMaxBytes } = agent.egress;
  const { egress } = config;
  const place = `agents.${agent.id}.egress`;
  const names = new Set<PresetName>([
    ...egress.presets,
    ...own,
    ...(profile === "packages" ? ["packages" as const] : []),
  ]);
  const allowed = [
    ...compile("egress.allow", "allow", egress.allow),
    ...compile(`${place}.allow`, "allow", allow),
    ...[...names].flatMap(presetRules),
  ];
  const denied = [...compile("egress.deny", "deny", egress.deny), ...agentDenials(config, agent)];
  const isReader = profile === "web-read";
  return {
    rules: profile === "none" ? [] : [...denied, ...(isReader ? allowed.map(onlyToRead) : allowed)],
    terminate: [...egress.terminate, ...config.agents.defaults.egress.terminate, ...terminate].flatMap(hostOf),
    uploadMaxBytes: uploadMaxBytes ?? (isReader ? limits.egressReaderUploadMaxBytes : undefined),
  };
}

/** The agent's own beside those of all agents: an entry of its own cannot take one of them back. */
function agentDenials(config: Config, agent: AgentSettings): readonly EgressRule[] {
  const written = [...new Set([...config.agents.defaults.egress.deny, ...agent.egress.deny])];
  const only = (rule: EgressRule): EgressRule => ({ ...rule, agents: [agent.id] });
  return compile(`agents.${agent.id}.egress.deny`, "deny", written).map(only);
}

function compile(place: string, verdict: EgressRule["verdict"], written: readonly Written[]): readonly EgressRule[] {
  return written.flatMap((entry, at) => {
    const rule = typeof entry === "string" ? { host: entry } : entry;
    const parsed = parseHostPlace(rule.host);
    // The schema has refused it before; a rule that is not understood allows nothing.
    if (!parsed.ok) return [];
    const { host, port } = parsed.value;
    const plain = verdict === "allow" ? [443] : [];
    return [
      {
        id: `${place}[${at}]`,
        verdict,
        host,
        ports: rule.ports ?? (port === undefined ? plain : [port]),
        agents: rule.agents,
        methods: rule.methods,
        paths: rule.paths,
        accounts: rule.accounts,
        credentials: rule.credentials,
        reach: rule.private === true ? "owner-named" : "public",
        until: rule.until === undefined ? undefined : Date.parse(rule.until),
      },
    ];
  });
}

function presetRules(name: PresetName): readonly EgressRule[] {
  return presets[name].hosts.map((host) => ({
    id: `preset:${name}`,
    verdict: "allow",
    host: { kind: "exact", name: host },
    ports: [443],
    reach: "public",
  }));
}

function onlyToRead(rule: EgressRule): EgressRule {
  const reading = ["GET", "HEAD"];
  return { ...rule, methods: rule.methods?.filter((method) => reading.includes(method)) ?? reading };
}

function hostOf(text: string): readonly HostPattern[] {
  const place = parseHostPlace(text);
  return place.ok ? [place.value.host] : [];
}
