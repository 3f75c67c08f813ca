// The HTTP edge: probes for everybody, the OpenAI-compatible endpoints for whoever holds the token, and the bounds on
// all of it. Order matters: host, then authentication, then anything of the request itself.
import { createServer, STATUS_CODES } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { limits } from "../base/limits.ts";
import { hostProblem } from "./auth/peer.ts";
import type { Edge } from "./edge.ts";
import { answerError, HttpProblem, renderError, securityHeaders } from "./http/answer.ts";
import { createRoutes } from "./door/routes.ts";
import type { HttpBounds } from "./door/routes.ts";
import type { Runs } from "./run.ts";

export type { HttpBounds } from "./door/routes.ts";

export type HttpEdge = {
  readonly server: Server;
  openRequests(): number;
  close(graceMs: number): Promise<void>;
};

/** A name behind which only one of its kind may stand: two of them are a way to be understood differently by a proxy. */
const singleHeaders = /^(host|authorization|content-type|idempotency-key|x-openclaw-.*)$/;

export function createHttpEdge(deps: {
  readonly edge: Edge;
  readonly runs: Runs;
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
  const routes = createRoutes({ ...deps, bounds });
  const server = createServer({
    maxHeaderSize: limits.httpHeadersMaxBytes,
    headersTimeout: bounds.headersTimeoutMs,
    // The body has its own clock; this one only catches what never reaches it.
    requestTimeout: bounds.headersTimeoutMs + bounds.bodyTimeoutMs,
    connectionsCheckingInterval: bounds.checkIntervalMs,
    keepAliveTimeout: limits.httpKeepAliveMs,
    // Ours says what is wrong, with the headers that every answer has.
    requireHostHeader: false,
    insecureHTTPParser: false,
  });
  server.maxConnections = limits.httpConnectionsMax;

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
      checkHost(req, edge.settings().access.hostNames);
      await routes({ req, res, path: pathOf(req) });
    } catch (error) {
      leaveAfterError(req, res);
      answerError(res, error, edge.log);
    }
  }

  server.on("request", (req, res) => void serve(req, res));
  server.on("clientError", (error, socket) => refuseSocket(error, socket as Socket));

  return {
    server,
    openRequests: () => open.size,
    async close(graceMs) {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      const force = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(force);
    },
  };
}

function checkHost(req: IncomingMessage, hostNames: readonly string[]): void {
  const problem = hostProblem(req.headers.host, hostNames);
  if (problem !== undefined) throw new HttpProblem(problem.status, problem.reason);
}

function checkSingles(req: IncomingMessage): void {
  const seen = new Set<string>();
  for (let index = 0; index < req.rawHeaders.length; index += 2) {
    const name = req.rawHeaders[index]?.toLowerCase() ?? "";
    if (!singleHeaders.test(name)) continue;
    if (seen.has(name)) throw new HttpProblem(400, `the header ${name} comes twice`);
    seen.add(name);
  }
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
  if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
  const problem = parserProblem(error.code ?? "");
  const { body } = renderError(problem, "none");
  const text = JSON.stringify(body);
  const headers = { ...securityHeaders, "content-type": "application/json; charset=utf-8", connection: "close" };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const start = `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`;
  socket.end(`${[start, ...lines, `content-length: ${Buffer.byteLength(text)}`].join("\r\n")}\r\n\r\n${text}`);
  setTimeout(() => socket.destroy(), limits.httpLingerMs).unref();
}

function parserProblem(code: string): HttpProblem {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return new HttpProblem(408, "the request did not arrive in time");
  if (code === "HPE_HEADER_OVERFLOW")
    return new HttpProblem(431, `the headers are larger than ${limits.httpHeadersMaxBytes} bytes`);
  return new HttpProblem(400, "not a valid HTTP request");
}
