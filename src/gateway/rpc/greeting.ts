// What the gateway says of itself in `hello-ok`.
import { newId } from "../../base/ids.ts";
import type { Greeting, Session } from "../../protocol/handshake.ts";
import { events } from "../../protocol/events.ts";
import { methods } from "../../protocol/methods.ts";
import { holdsScope } from "../../protocol/scopes.ts";
import type { Method, Role } from "../../protocol/methods/kit.ts";
import type { Edge } from "../edge.ts";
import type { Live } from "../live.ts";

/** Each start of the gateway is known by an id of its own. */
export function createGreeting(edge: Edge, live: Pick<Live, "snapshot">): (session: Session) => Greeting {
  const bootId = newId();
  return (session) => greeting(edge, { bootId, role: session.role, ...tellable(live.snapshot(), session) });
}

type Told = ReturnType<Live["snapshot"]> & { readonly bootId: string; readonly role: Role };

/** Whoever may not read is told that the gateway lives, and neither who is connected nor which sessions there are. */
function tellable(snapshot: ReturnType<Live["snapshot"]>, { role, scopes }: Session): ReturnType<Live["snapshot"]> {
  if (role === "operator" && holdsScope(scopes, "operator.read")) return snapshot;
  return { ...snapshot, presence: snapshot.presence.slice(0, 1), health: { ok: true } };
}

function greeting(edge: Edge, { bootId, role, presence, health, stateVersion }: Told): Greeting {
  const { version, defaultAgentId, agents, access } = edge.settings();
  const now = edge.clock.now();
  return {
    version,
    bootId,
    features: { methods: advertised(role), events: Object.keys(events) },
    snapshot: {
      presence,
      health,
      stateVersion,
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

/** What this role may call, as far as clients look for it. */
function advertised(role: Role): readonly string[] {
  return Object.entries(methods as Readonly<Record<string, Pick<Method<never, unknown>, "roles" | "advertised">>>)
    .filter(([, method]) => method.advertised !== false && (method.roles ?? ["operator"]).includes(role))
    .map(([name]) => name);
}
