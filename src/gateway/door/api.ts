// The paths of the HTTP API: which verb, which scope, how often, and what answers.
import type { IncomingMessage } from "node:http";
import { sendJson } from "../http/answer.ts";
import { readJson } from "../http/body.ts";
import { answerChat } from "../http/chat.ts";
import { answerResponses } from "../http/responses.ts";
import { status } from "../rpc/info.ts";
import { toolRoute } from "../tools/route.ts";
import { answerModels } from "./models.ts";
import type { Route, RoutesDeps } from "./route.ts";

export function authenticatedRoutes({
  edge,
  runs,
  connections,
  bounds,
}: RoutesDeps): (path: string) => Route | undefined {
  const api = { edge, runs, commentIntervalMs: bounds.commentIntervalMs };
  const read = (req: IncomingMessage) => readJson(req, bounds.bodyTimeoutMs);
  const tools = toolRoute(edge, bounds.bodyTimeoutMs);
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
    if (path === "/tools/invoke") return tools;
    const chat = { verbs: ["POST"], scope: "operator.write", rate: "chat" } as const;
    if (path === "/v1/chat/completions" && http.chatCompletions)
      return { ...chat, answer: async ({ req, res }) => answerChat(api, { req, res }, await read(req)) };
    if (path === "/v1/responses" && http.responses)
      return { ...chat, answer: async ({ req, res }) => answerResponses(api, { req, res }, await read(req)) };
    return undefined;
  };
}
