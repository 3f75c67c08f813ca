// Step 4: which agent and which session a message belongs to, and where the reply goes.
import type { Envelope, ReplyAddress } from "../base/envelope.ts";
import type { Label } from "../base/label.ts";
import type { Principal } from "../base/principal.ts";
import { isReserved, parseSessionKey, sessionKeyFor } from "../session/session.ts";
import type { SessionKey } from "../session/session.ts";
import type { Routed, Session } from "../store/store.ts";
import type { Dropped, Refused } from "./admit.ts";
import { selectAgent } from "./bindings.ts";
import type { PipelineSettings } from "./settings.ts";

type RoutedStep = { readonly kind: "routed"; readonly routed: Routed };

export function route(
  envelope: Envelope,
  from: { readonly principal: Principal; readonly label: Label },
  settings: PipelineSettings,
): RoutedStep | Dropped | Refused {
  const chosen = chooseSession(envelope, { ...settings, session: scopeFor(from.principal, settings) });
  if (chosen.kind !== "chosen") return chosen;
  const { agentId, key: sessionKey } = chosen.session;
  return { kind: "routed", routed: { ...from, agentId, sessionKey, replyTo: replyAddress(envelope) } };
}

/** A session is its creator's, and the owner's. Undefined where `principal` may speak in it. */
export function ownershipProblem(session: Session | undefined, principal: Principal): Refused | undefined {
  if (session === undefined || principal.kind === "owner" || session.principal.id === principal.id) return undefined;
  return { kind: "refused", code: "forbidden", reason: "this session belongs to somebody else" };
}

/** The owner's own session is nobody else's, also where the owner has all direct chats in one. */
function scopeFor(principal: Principal, { session }: PipelineSettings): PipelineSettings["session"] {
  if (principal.kind === "owner" || principal.kind === "system" || session.dmScope !== "main") return session;
  return { ...session, dmScope: "per-account-channel-peer" };
}

type Chosen = { readonly kind: "chosen"; readonly session: SessionKey };

function chooseSession(envelope: Envelope, settings: PipelineSettings): Chosen | Dropped | Refused {
  const { request, channel, account, chat, sender } = envelope;
  const bound = selectAgent(envelope, settings);
  const wanted = request.agentId ?? bound;
  if (request.sessionKey !== undefined) return requestedSession(request.sessionKey, envelope, { ...settings, wanted });
  if (wanted === undefined) return undecided(settings);
  if (!settings.agents.has(wanted)) return unknownAgent(wanted, settings);
  const origin = { agentId: wanted, channel, account, chat, senderId: sender.id };
  return { kind: "chosen", session: sessionKeyFor(origin, settings.session) };
}

function requestedSession(
  text: string,
  { request }: Envelope,
  settings: PipelineSettings & { readonly wanted: string | undefined },
): Chosen | Refused {
  const { wanted } = settings;
  if (wanted === undefined && !text.toLowerCase().startsWith("agent:")) return undecided(settings);
  const parsed = parseSessionKey(text, wanted ?? "");
  if (!parsed.ok) return invalid(parsed.reason);
  const session = parsed.value;
  if (!settings.agents.has(session.agentId)) return unknownAgent(session.agentId, settings);
  if (request.agentId !== undefined && request.agentId !== session.agentId)
    return invalid(`the session ${session.key} belongs to agent ${session.agentId}, not to ${request.agentId}`);
  if (isReserved(session)) return invalid(`sessions named ${session.rest.split(":")[0]} cannot be asked for`);
  return { kind: "chosen", session };
}

function undecided({ agents }: PipelineSettings): Refused {
  return invalid(`which agent? Several are configured and none is the default: ${[...agents].join(", ")}`);
}

function unknownAgent(agentId: string, { agents }: PipelineSettings): Refused {
  const known = [...agents].join(", ");
  return { kind: "refused", code: "not_found", reason: `there is no agent ${agentId}; there are: ${known}` };
}

function invalid(reason: string): Refused {
  return { kind: "refused", code: "invalid_request", reason };
}

export function replyAddress({ channel, account, chat, dedupeKey, messageId }: Envelope): ReplyAddress {
  const address = { channel, account, recipient: chat.id, inReplyTo: messageId ?? dedupeKey };
  return chat.thread === undefined ? address : { ...address, thread: chat.thread };
}
