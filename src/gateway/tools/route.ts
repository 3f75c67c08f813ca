// The path of direct tool calls.
import { limits } from "../../base/limits.ts";
import type { Route } from "../door/route.ts";
import type { Edge } from "../edge.ts";
import { sendJson } from "../http/answer.ts";
import { readJson } from "../http/body.ts";
import { createInvoke } from "./invoke.ts";

/** Its own bound on bodies: a file's content is an argument like any other. */
export function toolRoute(edge: Edge, bodyTimeoutMs: number): Route {
  const run = createInvoke(edge);
  return {
    verbs: ["POST"],
    scope: "operator.write",
    rate: "tools",
    async answer({ req, res }, caller) {
      const body = await readJson(req, bodyTimeoutMs, limits.toolsBodyMaxBytes);
      const gone = new AbortController();
      res.once("close", () => gone.abort());
      sendJson(res, await run({ req, caller, body }, gone.signal));
    },
  };
}
