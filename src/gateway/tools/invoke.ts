// `POST /tools/invoke`: one tool call over HTTP. It takes the way of a turn's call, with the same policy, grant, cell and
// record; this file only reads who asks for what.
import type { IncomingMessage } from "node:http";
import { isRecord } from "../../base/json.ts";
import type { Json } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { holdsScope } from "../../protocol/scopes.ts";
import type { HttpCaller } from "../door/caller.ts";
import type { Edge } from "../edge.ts";
import { withoutPaths } from "../http/answer.ts";
import { optionalText } from "../http/params.ts";
import { findSession } from "../http/target.ts";
import { labelOf, principalOf } from "./asker.ts";
import { createOnce } from "./once.ts";
import { offerOf } from "./surface.ts";

type ToolAnswer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

type InvokeRequest = {
  readonly req: IncomingMessage;
  readonly caller: HttpCaller;
  readonly body: Readonly<Record<string, unknown>>;
};

type InvokeTool = (request: InvokeRequest, signal: AbortSignal) => Promise<ToolAnswer>;

export function createInvoke(edge: Edge): InvokeTool {
  const once = createOnce<ToolAnswer>(edge.clock.now);
  return async (request, signal) => {
    const key = optionalText(request.body, "idempotencyKey");
    if (key === undefined) return await invoke(edge, request, signal);
    // Who asks again shares the call, so its end is not the first caller's to decide.
    const never = new AbortController().signal;
    const by = request.caller.deviceId ?? "owner";
    return await once(`${by} ${key}`, [request.body, choicesOf(request.req)], () => invoke(edge, request, never));
  };
}

/** The headers that choose agent, session and asker: with others it is another call. */
function choicesOf({ headers }: IncomingMessage): readonly (readonly [string, unknown])[] {
  return Object.entries(headers)
    .filter(([name]) => name.startsWith("x-openclaw-"))
    .toSorted();
}

async function invoke(edge: Edge, { req, caller, body }: InvokeRequest, signal: AbortSignal): Promise<ToolAnswer> {
  const tool = optionalText(body, "name") ?? optionalText(body, "tool");
  if (tool === undefined || tool === "" || tool.length > limits.nameMaxChars)
    return refusal(400, "invalid_request", 'name the tool: {"tool":"read","args":{…}}');
  const input = inputOf(body);
  if (input === undefined) return refusal(400, "invalid_request", "args must be an object");
  const offer = offerOf(tool, edge.settings().http.tools ?? { allow: [], deny: [] });
  const isAdmin = holdsScope(caller.scopes, "operator.admin");
  if (offer === "off" || (offer === "named" && !isAdmin)) return notFound(tool);
  const { agentId, sessionKey } = await findSession(edge, req, {
    agentId: optionalText(body, "agentId"),
    sessionKey: optionalText(body, "sessionKey"),
  });
  const principal = principalOf(req);
  const label = labelOf(principal);
  const answer = await edge.callTool?.({ agentId, sessionKey, principal, label, tool, input }, signal);
  if (answer === undefined || answer.kind === "none") return notFound(tool);
  if (answer.kind === "wrong") return refusal(400, "invalid_request", answer.reason);
  if (answer.outcome === "ok")
    return { status: 200, body: { ok: true, result: { content: [{ type: "text", text: answer.text }] } } };
  if (answer.outcome === "denied") return refusal(403, "tool_call_blocked", answer.text);
  return refusal(answer.outcome === "cancelled" ? 499 : 500, "tool_error", answer.text);
}

function inputOf(body: Readonly<Record<string, unknown>>): Record<string, Json> | undefined {
  const args = body["args"] ?? {};
  if (!isRecord(args)) return undefined;
  const whole = body["action"] === undefined ? args : { action: body["action"], ...args };
  // The body was JSON, so whatever is in it is.
  return whole as Record<string, Json>;
}

function notFound(tool: string): ToolAnswer {
  return refusal(404, "not_found", `no tool ${JSON.stringify(tool.slice(0, 128))} is offered here`);
}

function refusal(status: number, type: string, message: string): ToolAnswer {
  return { status, body: { ok: false, error: { type, message: withoutPaths(message) } } };
}
