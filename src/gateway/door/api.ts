// The paths of the HTTP API: which verb, which scope, how often, and what answers.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Peer } from "../../pairing/pairing.ts";
import type { Scope } from "../../protocol/scopes.ts";
import type { StatusResult } from "../../protocol/shapes.ts";
import type { Edge } from "../edge.ts";
import { sendJson } from "../http/answer.ts";
import { readJson } from "../http/body.ts";
import { answerChat } from "../http/chat.ts";
import { answerResponses } from "../http/responses.ts";
import { status } from "../rpc/info.ts";
import type { Runs } from "../run.ts";
import { answerModels } from "./models.ts";

/** Only tests set other ones than the limits say. */
export type HttpBounds = {
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly checkIntervalMs: number;
  readonly commentIntervalMs: number;
};

export type Exchange = {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly path: string;
  readonly peer: Peer;
};

export type RoutesDeps = {
  readonly edge: Edge;
  readonly runs: Runs;
  readonly connections: () => StatusResult["connections"];
  readonly bounds: HttpBounds;
};

export type Route = {
  readonly verbs: readonly string[];
  readonly scope: Scope;
  readonly rate?: "chat" | "tools";
  readonly answer: (exchange: Exchange) => Promise<void> | void;
};

export function authenticatedRoutes({
  edge,
  runs,
  connections,
  bounds,
}: RoutesDeps): (path: string) => Route | undefined {
  const api = { edge, runs, commentIntervalMs: bounds.commentIntervalMs };
  const read = (req: IncomingMessage) => readJson(req, bounds.bodyTimeoutMs);
  return (path) => {
    const { http } = edge.settings();
    if (path === "/api/status")
      return {
        verbs: ["GET", "HEAD"],
        scope: "operator.read",
        answer: async ({ res }) => sendJson(res, { status: 200, body: await status(edge, connections()) }),
      };
    if (path === "/v1/models" || path.startsWith("/v1/models/"))
      return { verbs: ["GET", "HEAD"], scope: "operator.read", answer: ({ res }) => answerModels(edge, res, path) };
    const chat = { verbs: ["POST"], scope: "operator.write", rate: "chat" } as const;
    if (path === "/v1/chat/completions" && http.chatCompletions)
      return { ...chat, answer: async ({ req, res }) => answerChat(api, { req, res }, await read(req)) };
    if (path === "/v1/responses" && http.responses)
      return { ...chat, answer: async ({ req, res }) => answerResponses(api, { req, res }, await read(req)) };
    return undefined;
  };
}
