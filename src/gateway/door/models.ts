// `GET /v1/models`: every agent, as a model that OpenAI's clients can choose.
import type { ServerResponse } from "node:http";
import type { Edge } from "../edge.ts";
import { HttpProblem, sendJson } from "../http/answer.ts";
import { modelNames } from "../http/target.ts";

export function answerModels(edge: Edge, res: ServerResponse, path: string): void {
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
