// The HTTP edge: probes for everybody, the OpenAI-compatible endpoints for whoever holds the token, and the bounds on
// all of it. Order matters: host, then authentication, then anything of the request itself.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { limits } from "../base/limits.ts";
import { checkSingles } from "./door/singles.ts";
import type { Edge } from "./edge.ts";
import { answerError, HttpProblem } from "./http/answer.ts";
import { answerRaw } from "./http/raw.ts";
import { createListener } from "./port/listener.ts";
import type { Listener } from "./port/listener.ts";
import { createRoutes } from "./door/routes.ts";
import type { HttpBounds, RoutesDeps } from "./door/route.ts";
import type { Runs } from "./run.ts";

export type { HttpBounds } from "./door/route.ts";

export type HttpEdge = Listener & { openRequests(): number };

export function createHttpEdge(deps: {
  readonly edge: Edge;
  readonly runs: Runs;
  readonly connections: RoutesDeps["connections"];
  readonly bounds: Partial<HttpBounds>;
}): HttpEdge {
  const { edge } = deps;
  const bounds: HttpBounds = {
    headersTimeoutMs: limits.httpHeadersTimeoutMs,
    bodyTimeoutMs: limits.httpBodyTimeoutMs,
    checkIntervalMs: limits.httpTimeoutCheckMs,
    commentIntervalMs: limits.sseCommentIntervalMs,
    ...deps.bounds,
  };
  const open = new Set<ServerResponse>();
  const { guard } = edge;
  const routes = createRoutes({ ...deps, bounds });
  const listener = createListener(bounds, edge.settings().tls);
  const { server } = listener;

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    open.add(res);
    res.once("close", () => {
      open.delete(res);
      // Node closes idle connections when it stops listening; this one becomes idle only now.
      if (!server.listening) setImmediate(() => server.closeIdleConnections());
    });
    req.on("error", () => res.destroy());
    try {
      checkSingles(req);
      guard.announce(req, res);
      const peer = guard.check(req, "general");
      await routes({ req, res, peer, path: pathOf(req) });
    } catch (error) {
      leaveAfterError(req, res);
      answerError(res, error, edge.log);
    }
  }

  server.on("request", (req, res) => void serve(req, res));
  server.on("clientError", (error, socket) => refuseSocket(error, socket as Socket));

  return { ...listener, openRequests: () => open.size };
}

function pathOf(req: IncomingMessage): string {
  const target = req.url ?? "";
  if (!target.startsWith("/") || target.startsWith("//"))
    throw new HttpProblem(400, "the request target must be a path");
  return target.split(/[?#]/, 1)[0] ?? "/";
}

/** What is still coming of a refused request is not read to its end: the answer gets a moment to arrive, no more. */
function leaveAfterError(req: IncomingMessage, res: ServerResponse): void {
  if (req.complete || res.headersSent) return;
  res.setHeader("connection", "close");
  req.resume();
  res.once("finish", () => {
    const linger = setTimeout(() => req.socket.destroy(), limits.httpLingerMs);
    req.once("close", () => clearTimeout(linger));
  });
}

/** For what the parser refused before there was a request. */
function refuseSocket(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET") return void socket.destroy();
  answerRaw(socket, parserProblem(error.code ?? ""), "none");
}

function parserProblem(code: string): HttpProblem {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return new HttpProblem(408, "the request did not arrive in time");
  if (code === "HPE_HEADER_OVERFLOW")
    return new HttpProblem(431, `the headers are larger than ${limits.httpHeadersMaxBytes} bytes`);
  return new HttpProblem(400, "not a valid HTTP request");
}
