// The HTTP edge: probes for everybody, the OpenAI-compatible endpoints for whoever holds the token, and the bounds on
// all of it. Order matters: host, then authentication, then anything of the request itself.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { limits } from "../base/limits.ts";
import { peerOf } from "./auth/peer.ts";
import { boundFailures } from "./connections/quiet-log.ts";
import { checkSingles } from "./door/singles.ts";
import type { Edge } from "./edge.ts";
import { answerError, HttpProblem } from "./http/answer.ts";
import { answerRaw } from "./http/raw.ts";
import { createListener } from "./port/listener.ts";
import type { Listener } from "./port/listener.ts";
import { createRoutes } from "./door/routes.ts";
import type { HttpBounds, RoutesDeps } from "./door/route.ts";

export type { HttpBounds } from "./door/route.ts";

export type HttpEdge = Listener & { openRequests(): number };

export function createHttpEdge(deps: {
  readonly edge: Edge;
  readonly runs: RoutesDeps["runs"];
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
  const log = boundFailures({ log: edge.log, now: edge.clock.now });
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
      checkExpectation(req);
      guard.announce(req, res);
      const peer = guard.check(req, isDelivery(edge, req) ? "webhook" : "general");
      await routes({ req, res, peer, path: pathOf(req) });
    } catch (error) {
      leaveAfterError(req, res);
      const from = peerOf(req, edge.settings().access).address;
      answerError(res, error, (level, message, fields) => log(level, message, { ...fields, from }));
    }
  }

  server.on("request", (req, res) => void serve(req, res));
  // Node would answer by itself, without the headers that every answer has.
  server.on("checkExpectation", (req, res) => void serve(req, res));
  server.on("clientError", (error, socket) => refuseSocket(error, socket as Socket));

  return { ...listener, openRequests: () => open.size };
}

/** A platform delivers faster than people ask. */
function isDelivery({ webhookFor }: Edge, { url = "" }: IncomingMessage): boolean {
  return webhookFor?.(url.split("?", 1)[0] ?? "") !== undefined;
}

function pathOf(req: IncomingMessage): string {
  const target = req.url ?? "";
  if (!target.startsWith("/") || target.startsWith("//"))
    throw new HttpProblem(400, "the request target must be a path");
  return target.split(/[?#]/, 1)[0] ?? "/";
}

function checkExpectation({ headers: { expect = "100-continue" } }: IncomingMessage): void {
  if (expect.toLowerCase() !== "100-continue") throw new HttpProblem(417, "only 100-continue may be expected");
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
