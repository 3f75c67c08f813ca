// Sessions, agents and models as rows that clients list.
import { textCommands } from "../../agent/agent.ts";
import type { ModelInfo } from "../../model/model.ts";
import type {
  AgentRow,
  AgentsListResult,
  ChatMetadataResult,
  Command,
  ModelChoice,
  ModelDefaults,
  SessionRow,
} from "../../protocol/shapes.ts";
import type { Session } from "../../store/store.ts";
import type { Edge } from "../edge.ts";

export function sessionRow(edge: Edge, session: Session): SessionRow {
  const activeRunIds = edge.pipeline.active().get(session.key) ?? [];
  const rest = session.key.split(":").slice(2).join(":");
  const ref = session.model ?? edge.models.candidates(session.agentId, "main")[0];
  const model = ref === undefined ? undefined : edge.models.describe(ref);
  return {
    key: session.key,
    kind: /(^|:)(group|channel):/.test(rest) ? "group" : "direct",
    agentId: session.agentId,
    sessionId: session.windowId,
    channel: session.channel,
    ...(session.title === undefined ? {} : { label: session.title, displayName: session.title }),
    createdAt: session.createdAt,
    updatedAt: session.updatedAt,
    ...modelFields(model),
    ...(session.thinking === undefined ? {} : { thinkingLevel: session.thinking }),
    archived: false,
    pinned: false,
    unread: false,
    isMain: rest === "main",
    hasActiveRun: activeRunIds.length > 0,
    activeRunIds,
    messageCount: session.entryCount,
  };
}

export function modelDefaults(edge: Edge, agentId: string): ModelDefaults {
  const [ref] = edge.models.candidates(agentId, "main");
  const model = ref === undefined ? undefined : edge.models.describe(ref);
  if (model === undefined) return { modelProvider: null, model: null, contextTokens: null };
  return { modelProvider: model.provider, model: model.id, contextTokens: model.contextTokens };
}

export function agentRows(edge: Edge): readonly AgentRow[] {
  return edge.settings().agents.map(({ id, name }) => {
    const [primary, ...fallbacks] = edge.models.candidates(id, "main");
    return { id, kind: "agent", name, ...(primary === undefined ? {} : { model: { primary, fallbacks } }) };
  });
}

export function modelChoices(edge: Edge, agentId: string): readonly ModelChoice[] {
  const chosen = modelDefaults(edge, agentId);
  return edge.models.list().map((model) => ({
    id: model.id,
    name: model.name,
    provider: model.provider,
    ...(model.provider === chosen.modelProvider && model.id === chosen.model ? { tags: ["default"] } : {}),
    contextWindow: model.contextTokens,
    reasoning: model.reasoning,
    input: model.images ? ["text", "image"] : ["text"],
    available: true,
  }));
}

function modelFields(model: ModelInfo | undefined): Pick<SessionRow, "modelProvider" | "model" | "contextTokens"> {
  if (model === undefined) return {};
  return { modelProvider: model.provider, model: model.id, contextTokens: model.contextTokens };
}

export function agentsList(edge: Edge): AgentsListResult {
  const { agents, defaultAgentId } = edge.settings();
  return {
    defaultId: defaultAgentId,
    ownership: agents.length === 1 ? "sole" : "explicit",
    selectionRequired: false,
    mainKey: "main",
    scope: "per-sender",
    agents: agentRows(edge),
  };
}

export function chatMetadata(edge: Edge, agentId: string): ChatMetadataResult {
  return {
    models: modelChoices(edge, agentId),
    commands: commandRows,
    swarmEnabled: false,
    accountSelection: { kind: "automatic", label: "Automatic" },
    runtimeSelectionLocked: false,
  };
}

export const commandRows: readonly Command[] = textCommands.map(({ name, aliases, description, takes }) => ({
  name,
  nativeName: name,
  textAliases: [name, ...aliases].map((word) => `/${word}`),
  description,
  source: "native",
  scope: "both",
  acceptsArgs: takes !== undefined,
}));
