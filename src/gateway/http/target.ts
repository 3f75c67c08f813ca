// Which agent, session and model a call means: from the body's `model` and `user`, and the x-openclaw-* headers.
import type { IncomingMessage } from "node:http";
import { newId, sha256 } from "../../base/ids.ts";
import { encodeSegment, isReserved, parseSessionKey } from "../../session/session.ts";
import type { Edge, GatewaySettings } from "../edge.ts";
import { HttpProblem } from "./answer.ts";

export type Api = "openai" | "openresponses";

export type Target = {
  readonly agentId: string;
  readonly sessionKey: string;
  /** Whether the session holds an earlier part of the conversation. */
  readonly session: "new" | "known";
  /** Asked for instead of the agent's own. */
  readonly model: string | undefined;
};

export type Asked = {
  readonly api: Api;
  readonly model: string;
  readonly user: string | undefined;
  /** Of the response that this call goes on from. */
  readonly previousKey: string | undefined;
};

const userMaxChars = 128;
/** Sessions that belong to a conversation on some channel; an API call may go on in one that exists, not make one. */
const channelNames = /:(direct|group|channel|thread|topic):/;

export async function findTarget(edge: Edge, req: IncomingMessage, asked: Asked): Promise<Target> {
  const settings = edge.settings();
  const agentId = chosenAgent(settings, req, asked.model);
  const header = oneHeader(req, "x-openclaw-session-key");
  const key = header === undefined ? undefined : keyOfHeader(header, agentId ?? settings.defaultAgentId);
  const sessionKey = key ?? asked.previousKey ?? defaultKey(asked, agentId ?? settings.defaultAgentId);
  const owner = sessionKey.split(":")[1] ?? "";
  if (agentId !== undefined && owner !== agentId)
    throw new HttpProblem(400, `the session belongs to agent ${owner}, not ${agentId}`, {
      param: "x-openclaw-session-key",
    });
  checkAgent(settings, owner);
  const session = await checkOwnership(edge, sessionKey);
  return { agentId: owner, sessionKey, session, model: chosenModel(edge, req) };
}

/** The agent and session that a direct call works in, by the same rules as a conversation. */
export async function findSession(
  edge: Edge,
  req: IncomingMessage,
  asked: { readonly agentId: string | undefined; readonly sessionKey: string | undefined },
): Promise<{ readonly agentId: string; readonly sessionKey: string }> {
  const settings = edge.settings();
  const named = asked.agentId ?? oneHeader(req, "x-openclaw-agent-id") ?? oneHeader(req, "x-openclaw-agent");
  const agentId = named?.toLowerCase() ?? settings.defaultAgentId;
  checkAgent(settings, agentId);
  const header = asked.sessionKey ?? oneHeader(req, "x-openclaw-session-key");
  const sessionKey = header === undefined ? `agent:${agentId}:main` : keyOfHeader(header, agentId);
  const owner = sessionKey.split(":")[1] ?? "";
  if (owner !== agentId && named !== undefined)
    throw new HttpProblem(400, `the session belongs to agent ${owner}, not ${agentId}`, { param: "sessionKey" });
  checkAgent(settings, owner);
  await checkOwnership(edge, sessionKey);
  return { agentId: owner, sessionKey };
}

/** Every spelling of `model` that means an agent, for the list of models too. */
export function modelNames(settings: GatewaySettings): readonly string[] {
  return ["openclaw", "openclaw/default", ...settings.agents.map(({ id }) => `openclaw/${id}`)];
}

/** Undefined where the caller leaves it to the session or the default. */
function chosenAgent(settings: GatewaySettings, req: IncomingMessage, model: string): string | undefined {
  const named = [
    oneHeader(req, "x-openclaw-agent-id"),
    oneHeader(req, "x-openclaw-agent"),
    agentOfModel(settings, model),
  ];
  const [first, ...others] = [...new Set(named.filter((name) => name !== undefined).map((name) => name.toLowerCase()))];
  if (first !== undefined && others.length > 0)
    throw new HttpProblem(400, `the request names more than one agent: ${[first, ...others].map(show).join(", ")}`);
  if (first !== undefined) checkAgent(settings, first);
  return first;
}

function agentOfModel(settings: GatewaySettings, model: string): string | undefined {
  const name = model.trim().toLowerCase();
  if (name === "openclaw" || name === "lorica") return undefined;
  const named = /^(?:(?:openclaw|lorica)[/:]|agent:)([^/:]+)$/.exec(name)?.[1];
  if (named === "default" && !settings.agents.some(({ id }) => id === "default")) return settings.defaultAgentId;
  if (named !== undefined) return named;
  if (settings.agents.some(({ id }) => id === name)) return name;
  throw new HttpProblem(400, `model ${show(model)} names no agent; use one of: ${modelNames(settings).join(", ")}`, {
    param: "model",
    details: { code: "model_not_found" },
  });
}

function checkAgent(settings: GatewaySettings, agentId: string): void {
  if (settings.agents.some(({ id }) => id === agentId)) return;
  const known = settings.agents.map(({ id }) => id).join(", ");
  throw new HttpProblem(404, `no agent ${show(agentId)}; there are: ${known}`, {
    details: { code: "agent_not_found" },
  });
}

function chosenModel(edge: Edge, req: IncomingMessage): string | undefined {
  const ref = oneHeader(req, "x-openclaw-model");
  if (ref === undefined || edge.models.describe(ref) !== undefined) return ref;
  const known = edge.models
    .list()
    .slice(0, 50)
    .map((model) => `${model.provider}/${model.id}`);
  throw new HttpProblem(400, `no model ${show(ref)}; there are: ${known.join(", ") || "none"}`, {
    param: "x-openclaw-model",
    details: { code: "model_not_found" },
  });
}

function keyOfHeader(header: string, agentId: string): string {
  const key = parseSessionKey(header, agentId);
  if (!key.ok) throw new HttpProblem(400, key.reason, { param: "x-openclaw-session-key" });
  if (!isReserved(key.value)) return key.value.key;
  const kind = key.value.rest.split(":")[0] ?? "";
  throw new HttpProblem(400, `sessions named ${show(kind)} are reserved`, { param: "x-openclaw-session-key" });
}

/** Stable for a user, otherwise new with each call. */
function defaultKey({ api, user }: Asked, agentId: string): string {
  if (user === undefined || user.trim() === "") return `agent:${agentId}:${api}:${newId()}`;
  const name = user.trim().toLowerCase();
  const encoded = encodeSegment(name);
  const segment = encoded.length > userMaxChars ? sha256(name) : encoded;
  return `agent:${agentId}:${api}-user:${segment}`;
}

/** The token stands for the owner: sessions of anybody else are not to be read or written through it (RT-011). */
async function checkOwnership(edge: Edge, sessionKey: string): Promise<Target["session"]> {
  const session = await edge.store.sessions.find(sessionKey);
  const mayBegin = !channelNames.test(sessionKey);
  if (session === undefined ? mayBegin : session.principal.kind === "owner")
    return session === undefined || session.entryCount === 0 ? "new" : "known";
  throw new HttpProblem(403, "this session belongs to somebody else", { param: "x-openclaw-session-key" });
}

function oneHeader(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  const text = Array.isArray(value) ? value.join(",") : value;
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}

function show(text: string): string {
  return JSON.stringify(text.slice(0, 128));
}
