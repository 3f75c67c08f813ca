// What each part is told of the config, in its own words. The parts do not know the config's shape; this file is the one
// place that does.
import type { AgentProfile } from "../../agent/agent.ts";
import type { Json } from "../../base/json.ts";
import { durationMs, sizeBytes } from "../../config/units.ts";
import { providerIdentity } from "../../config/identity/outgoing.ts";
import { renderDangers } from "../../config/dangers/dangers.ts";
import type { AgentDefaults, AgentSettings, Config, ProviderConfig } from "../../config/config.ts";
import type { GatewaySettings } from "../../gateway/gateway.ts";
import type {
  AgentModels,
  ConfiguredModel,
  ConfiguredProvider,
  ModelOptions,
  ModelsSettings,
} from "../../model/model.ts";
import type { PipelineSettings } from "../../pipeline/pipeline.ts";
import type { PolicySettings } from "../../policy/policy.ts";
import type { LaneBounds, MaintenanceRule, MirrorBounds } from "../../session/session.ts";
import { accessSettings, channelsOn } from "./channels.ts";
import { doorSettings, pageSettings } from "./access.ts";
import type { GatewayStart } from "../gateway/current.ts";

/** The embedded model that answers where the owner has configured none. It says of itself that it is not an AI. */
export const rehearsalRef = "rehearsal/rehearsal";

const rehearsalProvider: ConfiguredProvider = {
  id: "rehearsal",
  api: "rehearsal",
  baseUrl: "http://rehearsal.invalid",
  headers: {},
  params: {},
  timeoutMs: 600_000,
  models: [],
  catalogue: "merge",
};

export function modelsSettings(config: Config, agents: readonly AgentSettings[], version: string): ModelsSettings {
  const configured = Object.entries(config.models.providers)
    .filter(([id]) => id !== rehearsalProvider.id)
    .flatMap(([id, provider]) => configuredProvider({ config, version }, id, provider));
  return {
    providers: [...configured, rehearsalProvider],
    options: modelOptions(config.agents.defaults.models),
    agents: new Map(agents.map((agent) => [agent.id, agentModels(agent)])),
    defaults: agentModels(config.agents.defaults),
    userAgent: "",
  };
}

export function agentProfile(agent: AgentSettings, config: Config): AgentProfile {
  return {
    id: agent.id,
    name: agent.name,
    workspace: agent.workspace,
    tools: agent.tools,
    thinking: agent.thinkingDefault,
    turnTimeoutMs: agent.timeoutSeconds * 1_000,
    toolCallsParallelMax: config.tools.maxConcurrent,
    contextTokensMax: agent.contextTokens,
    promptTokensMax: undefined,
    outputTokensMax: undefined,
    bootstrapFileMaxChars: agent.bootstrapMaxChars,
    bootstrapTotalMaxChars: agent.bootstrapTotalMaxChars,
    compaction: {
      enabled: agent.compaction.enabled,
      reserveTokensFloor: agent.compaction.reserveTokensFloor,
      keepRecentTokens: agent.compaction.keepRecentTokens,
      timeoutMs: agent.compaction.timeoutSeconds * 1_000,
    },
    pruning: { enabled: agent.contextPruning.mode !== "off", softTrim: agent.contextPruning.softTrim },
  };
}

/** `cellOff` says why there is no cell; undefined once the boot probe has proved that it holds. */
export function policySettings(
  config: Config,
  agents: readonly AgentSettings[],
  cellOff: string | undefined,
): PolicySettings {
  return { agents: new Map(agents.map((agent) => [agent.id, agent.tools])), cellOff, channels: channelsOn(config) };
}

export function pipelineSettings(config: Config, agents: readonly AgentSettings[]): PipelineSettings {
  return {
    agents: new Set(agents.map((agent) => agent.id)),
    defaultAgent: agents[0]?.id,
    bindings: config.bindings,
    session: {
      dmScope: config.session.dmScope,
      groupScope: config.session.groupScope,
      scope: config.session.scope,
      identityLinks: config.session.identityLinks,
    },
    reset: config.session.reset,
    queue: { mode: config.messages.queue.mode, byChannel: config.messages.queue.byChannel },
    responsePrefix: config.messages.responsePrefix,
    ...accessSettings(config),
  };
}

export function laneBounds(config: Config): Partial<LaneBounds> {
  return { laneDepthMax: config.messages.queue.cap, turnsConcurrentMax: config.agents.defaults.maxConcurrent };
}

export function maintenanceRule(config: Config): MaintenanceRule {
  const { mode, pruneAfter, maxEntries, maxDiskBytes } = config.session.maintenance;
  const { ttlHours, maxTotalBytes, maxFiles } = config.attachments;
  const media = { keptMs: ttlHours * hourMs, bytesMax: sizeBytes(maxTotalBytes), filesMax: maxFiles };
  const bytesMax = sizeBytes(maxDiskBytes);
  return { mode, pruneAfterMs: durationMs(pruneAfter), sessionsMax: maxEntries, bytesMax, media };
}

export function mirrorBounds({ session, transcripts }: Config): MirrorBounds {
  const { maxDiskBytes, rotateBytes } = session.maintenance;
  return {
    bytesMax: sizeBytes(rotateBytes),
    spanMsMax: transcripts.rotateDays * 24 * hourMs,
    totalBytesMax: sizeBytes(maxDiskBytes),
  };
}

const hourMs = 60 * 60_000;

export function gatewaySettings(
  config: Config,
  agents: readonly AgentSettings[],
  own: Pick<GatewayStart, "version" | "front" | "published">,
): GatewaySettings {
  return {
    version: own.version,
    defaultAgentId: agents[0]?.id ?? "main",
    hasChannelOwner: config.commands.ownerAllowFrom.length > 0,
    agents: agents.map(({ id, name }) => ({ id, name })),
    http: {
      chatCompletions: config.gateway.http.endpoints.chatCompletions.enabled,
      responses: config.gateway.http.endpoints.responses.enabled,
      tools: config.gateway.tools,
    },
    page: pageSettings(config),
    dangers: renderDangers(config),
    access: doorSettings(config, own.front.proof, own.published),
    tls: own.front.tls,
  };
}

function configuredProvider(
  { config, version }: { readonly config: Config; readonly version: string },
  id: string,
  provider: ProviderConfig,
): readonly ConfiguredProvider[] {
  if (provider.baseUrl === undefined || provider.api === undefined) return [];
  return [
    {
      id,
      api: provider.api,
      baseUrl: provider.baseUrl,
      headers: { ...providerIdentity(config, id, version), ...plainHeaders(provider) },
      params: provider.params as Readonly<Record<string, Json>>,
      timeoutMs: provider.timeoutSeconds * 1_000,
      models: provider.models.map((model) => configuredModel(model, provider.maxTokens)),
      catalogue: config.models.mode,
    },
  ];
}

/** Headers whose values are secrets are added by the broker. */
function plainHeaders(provider: ProviderConfig): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(provider.headers).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
}

function configuredModel(model: ProviderConfig["models"][number], tokensMax: number | undefined): ConfiguredModel {
  const contextTokens = model.contextTokens ?? model.contextWindow;
  const outputTokensMax = model.maxTokens ?? tokensMax;
  return {
    id: model.id,
    ...(model.reasoning === undefined ? {} : { reasoning: model.reasoning }),
    ...(model.input === undefined ? {} : { images: model.input.includes("image") }),
    ...(model.name === undefined ? {} : { name: model.name }),
    ...(contextTokens === undefined ? {} : { contextTokens }),
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
    ...(model.cost === undefined ? {} : { cost: model.cost }),
  };
}

function modelOptions(models: AgentDefaults["models"]): Readonly<Record<string, ModelOptions>> {
  return Object.fromEntries(
    Object.entries(models).map(([ref, { alias, params }]) => {
      const { maxTokens, thinking: _, ...rest } = params;
      const options: ModelOptions = {
        params: rest as Readonly<Record<string, Json>>,
        ...(alias === undefined ? {} : { alias }),
        ...(maxTokens === undefined ? {} : { outputTokensMax: maxTokens }),
      };
      return [ref, options];
    }),
  );
}

type ModelChoices = Pick<
  AgentDefaults,
  "model" | "imageModel" | "utilityModel" | "subagents" | "heartbeat" | "compaction"
>;

/** The rehearsal model answers only where nobody chose anything at all; it never stands behind a real one. */
function agentModels(agent: ModelChoices): AgentModels {
  const main = choices(agent.model);
  const image = choices(agent.imageModel);
  const subagent = choices(agent.subagents.model);
  return {
    main: main.length === 0 ? [rehearsalRef] : main,
    ...(image.length === 0 ? {} : { image }),
    ...(subagent.length === 0 ? {} : { subagent }),
    ...(agent.utilityModel === undefined ? {} : { utility: [agent.utilityModel] }),
    ...(agent.heartbeat.model === undefined ? {} : { heartbeat: [agent.heartbeat.model] }),
    ...(agent.compaction.model === undefined ? {} : { compaction: [agent.compaction.model] }),
  };
}

function choices(choice: AgentDefaults["model"]): readonly string[] {
  return choice.primary === undefined ? choice.fallbacks : [choice.primary, ...choice.fallbacks];
}
