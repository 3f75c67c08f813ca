// Which path is whose: probes and the page for everybody, everything else for whoever has shown who they are.
import type { IncomingMessage, ServerResponse } from "node:http";
import { peerOf } from "../auth/peer.ts";
import type { Edge } from "../edge.ts";
import { HttpProblem, sendJson } from "../http/answer.ts";
import { readJson } from "../http/body.ts";
import { answerChat } from "../http/chat.ts";
import { answerResponses } from "../http/responses.ts";
import { modelNames } from "../http/target.ts";
import type { Runs } from "../run.ts";
import { builtPage, createPage } from "../ui/ui.ts";
import { createCallerCheck, requireScope } from "./caller.ts";

/** Only tests set other ones than the limits say. */
export type HttpBounds = {
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly checkIntervalMs: number;
  readonly commentIntervalMs: number;
};

export type Exchange = { readonly req: IncomingMessage; readonly res: ServerResponse; readonly path: string };

export function createRoutes(deps: { readonly edge: Edge; readonly runs: Runs; readonly bounds: HttpBounds }) {
  const { edge, runs, bounds } = deps;
  const identify = createCallerCheck(edge);
  const page = createPage({ folder: builtPage, settings: () => edge.settings().page });
  const api = { edge, runs, commentIntervalMs: bounds.commentIntervalMs };

  return async ({ req, res, path }: Exchange): Promise<void> => {
    if (path === "/health" || path === "/healthz") {
      allow(req, "GET", "HEAD");
      return sendJson(res, { status: 200, body: { ok: true, status: "live" } });
    }
    if (path === "/ready" || path === "/readyz") {
      allow(req, "GET", "HEAD");
      return sendJson(res, { status: edge.isDraining() ? 503 : 200, body: { ready: !edge.isDraining() } });
    }
    const peer = peerOf(req, edge.settings().access);
    if (page.answer({ req, res, path, peer })) return;
    const { http } = edge.settings();
    const isOpen = path.startsWith("/v1/") && (http.chatCompletions || http.responses);
    // Direct tool calls are not built; whoever tries them without the token learns nothing about that.
    if (!isOpen && path !== "/tools/invoke") throw notFound(path);
    const caller = await identify(req);
    if (path === "/v1/models" || path.startsWith("/v1/models/")) {
      allow(req, "GET", "HEAD");
      requireScope(caller, "operator.read");
      return answerModels(edge, res, path);
    }
    if (path === "/v1/chat/completions" && http.chatCompletions) {
      allow(req, "POST");
      requireScope(caller, "operator.write");
      return answerChat(api, { req, res }, await readJson(req, bounds.bodyTimeoutMs));
    }
    if (path === "/v1/responses" && http.responses) {
      allow(req, "POST");
      requireScope(caller, "operator.write");
      return answerResponses(api, { req, res }, await readJson(req, bounds.bodyTimeoutMs));
    }
    throw notFound(path);
  };
}

function answerModels(edge: Edge, res: ServerResponse, path: string): void {
  const model = (id: string) => ({ id, object: "model", created: 0, owned_by: "openclaw" });
  const names = modelNames(edge.settings());
  if (path === "/v1/models") return sendJson(res, { status: 200, body: { object: "list", data: names.map(model) } });
  const wanted = decodeName(path.slice("/v1/models/".length));
  if (wanted !== undefined && names.includes(wanted)) return sendJson(res, { status: 200, body: model(wanted) });
  throw new HttpProblem(404, `no such model; there are: ${names.join(", ")}`, { details: { code: "model_not_found" } });
}

function decodeName(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    if (cause instanceof URIError) return undefined;
    throw cause;
  }
}

function allow(req: IncomingMessage, ...verbs: readonly string[]): void {
  if (verbs.includes(req.method ?? "")) return;
  throw new HttpProblem(405, `use ${verbs.join(" or ")}`, { headers: { allow: verbs.join(", ") } });
}

function notFound(path: string): HttpProblem {
  return new HttpProblem(404, `nothing is at ${path.slice(0, 128).replace(/[^\x21-\x7e]/g, "?")}`);
}
