// What the gateway says of itself in `hello-ok`.
import { newId } from "../../base/ids.ts";
import type { Greeting } from "../../protocol/handshake.ts";
import { events } from "../../protocol/events.ts";
import { methods } from "../../protocol/methods.ts";
import type { Edge } from "../edge.ts";

/** Each start of the gateway is known by an id of its own. */
export function createGreeting(edge: Edge): () => Greeting {
  const bootId = newId();
  return () => greeting(edge, bootId);
}

function greeting(edge: Edge, bootId: string): Greeting {
  const { version, defaultAgentId, agents, access } = edge.settings();
  const now = edge.clock.now();
  return {
    version,
    bootId,
    features: { methods: Object.keys(methods), events: Object.keys(events) },
    snapshot: {
      presence: [{ mode: "gateway", reason: "self", version, ts: now }],
      health: { ok: true, ts: now, defaultAgentId },
      stateVersion: { presence: 0, health: 0 },
      uptimeMs: now - edge.startedAt,
      sessionDefaults: {
        defaultAgentId,
        modelConfigured: edge.models.candidates(defaultAgentId, "main").length > 0,
        ownership: agents.length === 1 ? "sole" : "explicit",
        mainKey: "main",
        mainSessionKey: `agent:${defaultAgentId}:main`,
        scope: "per-sender",
      },
      authMode: access.mode,
    },
  };
}
