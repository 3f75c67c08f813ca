// Which agent and session a request means.
import { LoricaError } from "../../base/errors.ts";
import { parseSessionKey } from "../../session/session.ts";
import type { GatewaySettings } from "../edge.ts";

export type SessionTarget = { readonly agentId: string; readonly sessionKey: string };

/** A session named by key, by agent, or neither: then it is the default agent's main one. */
export function sessionTarget(
  settings: GatewaySettings,
  params: {
    readonly agentId?: string | undefined;
    readonly sessionKey?: string | undefined;
    readonly key?: string | undefined;
  },
): SessionTarget {
  const key = parseSessionKey(params.sessionKey ?? params.key ?? "main", params.agentId ?? settings.defaultAgentId);
  if (!key.ok) throw new LoricaError("invalid_request", `session key: ${key.reason}`);
  const target = { agentId: key.value.agentId, sessionKey: key.value.key };
  if (params.agentId !== undefined && params.agentId !== target.agentId)
    throw new LoricaError("invalid_request", `the session key names agent ${target.agentId}, not ${params.agentId}`);
  checkAgent(settings, target.agentId);
  return target;
}

export function checkAgent(settings: GatewaySettings, agentId: string): void {
  if (settings.agents.some(({ id }) => id === agentId)) return;
  const known = settings.agents.map(({ id }) => id);
  throw new LoricaError("not_found", `no agent ${JSON.stringify(agentId)}; there are: ${known.join(", ")}`, {
    details: { code: "UNKNOWN_AGENT_ID", agents: known },
  });
}
