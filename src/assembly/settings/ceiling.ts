// The most that the gateway may ever ask of the broker, read by the broker from the config.
import type { Ceiling } from "../../broker/broker.ts";
import type { ProviderCeiling } from "../../egress/egress.ts";
import { sha256 } from "../../base/ids.ts";
import { endedHosts, hasWayOut } from "../../egress/judge/judge.ts";
import { listAgents, sizeBytes } from "../../config/config.ts";
import type { AgentSettings, Config, ProviderConfig, StatePaths } from "../../config/config.ts";
import { parseBind } from "../../protocol/known/binds.ts";
import { findKnownProvider } from "../../protocol/providers.ts";
import type { CellSettings } from "../../sandbox/sandbox.ts";
import { channelCeilings } from "./channels.ts";
import { agentEgress } from "./egress.ts";
import { providerSecretName } from "../../vault/vault.ts";

/** The most that the gateway may ever ask for, whatever it claims: read by the broker from the config, and from nowhere else. */
export function ceilingOf(config: Config, paths: StatePaths): Ceiling {
  const agents = listAgents(config, paths);
  return {
    providers: new Map(
      Object.entries(config.models.providers).flatMap(([id, provider]) => {
        const ceiling = providerCeiling(id, provider);
        return ceiling === undefined ? [] : [[id, ceiling] as const];
      }),
    ),
    agents: new Map(agents.map((agent) => [agent.id, { ...cellSettings(agent), ...wayOutOf(config, agent) }])),
    channels: channelCeilings(config),
  };
}

function providerCeiling(id: string, provider: ProviderConfig): ProviderCeiling | undefined {
  if (provider.baseUrl === undefined || provider.api === "rehearsal") return undefined;
  const known = findKnownProvider(id);
  const byApi = { "anthropic-messages": "x-api-key", "google-generative-ai": "x-goog-api-key" } as const;
  const credential =
    known !== undefined && known.auth !== "none" ? known.auth : (byApi[provider.api as keyof typeof byApi] ?? "bearer");
  return {
    baseUrl: provider.baseUrl,
    credential,
    secret: provider.apiKey?.secret ?? providerSecretName(id),
    secretHeaders: secretHeaders(provider),
    // A host that only our own table names must never turn out to be in the owner's network.
    ownerNamed: provider.baseUrl !== known?.baseUrl || known.local,
    timeoutMs: provider.timeoutSeconds * 1_000,
  };
}

function cellSettings({ workspace, sandbox }: AgentSettings): CellSettings {
  const { docker, prune } = sandbox;
  const { pidsLimit, memory, memorySwap, cpus } = docker;
  return {
    workspace,
    access: sandbox.workspaceAccess,
    scope: sandbox.scope,
    mode: sandbox.mode,
    instructions: sandbox.instructions,
    bounds: {
      ...(pidsLimit === undefined ? {} : { processes: pidsLimit }),
      ...(memory === undefined ? {} : { memoryBytes: sizeBytes(memory) }),
      ...(memorySwap === undefined ? {} : { swapBytes: sizeBytes(memorySwap) }),
      ...(cpus === undefined ? {} : { processors: cpus }),
    },
    // The config was checked with the same function, so none of them is refused here.
    binds: docker.binds.flatMap((text) => {
      const bind = parseBind(text);
      return bind.ok ? [bind.value] : [];
    }),
    folders: docker.tmpfs,
    environment: docker.env,
    ...(prune.idleHours === undefined ? {} : { idleMs: prune.idleHours * 3_600_000 }),
    ageMs: prune.maxAgeDays * 86_400_000,
  };
}

/** Rules are asked for with each connection, so a cell outlives a change of them; unless agents share it. */
function wayOutOf(config: Config, agent: AgentSettings): Pick<CellSettings, "wayOut"> {
  const egress = agentEgress(config, agent);
  if (!hasWayOut(egress)) return {};
  const rules = agent.sandbox.scope === "shared" ? sha256(JSON.stringify(egress)) : "";
  return { wayOut: { ended: endedHosts(egress), rules } };
}

function secretHeaders(provider: ProviderConfig): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(provider.headers).flatMap(([name, value]) =>
      typeof value === "string" ? [] : [[name.toLowerCase(), value.secret]],
    ),
  );
}
