// The HTTP edge: probes for everybody, the OpenAI-compatible endpoints for whoever holds the token, and the bounds on
// all of it. Order matters: host, then authentication, then anything of the request itself.
import { createServer, STATUS_CODES } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { isIP } from "node:net";
import type { Socket } from "node:net";
import { limits } from "../base/limits.ts";
import type { Edge } from "./edge.ts";
import { answerError, HttpProblem, renderError, securityHeaders, sendJson } from "./http/answer.ts";
import { createBearerCheck } from "./http/auth.ts";
import { readJson } from "./http/body.ts";
import { answerChat } from "./http/chat.ts";
import { answerResponses } from "./http/responses.ts";
import { modelNames } from "./http/target.ts";
import type { Runs } from "./run.ts";
import { builtPage, createPage } from "./ui/ui.ts";

/** Only tests set other ones than the limits say. */
export type HttpBounds = {
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly checkIntervalMs: number;
  readonly commentIntervalMs: number;
};

export type HttpEdge = {
  readonly server: Server;
  openRequests(): number;
  close(graceMs: number): Promise<void>;
};

type Exchange = { readonly req: IncomingMessage; readonly res: ServerResponse; readonly path: string };

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
      checkHost(req, edge.settings().http.hostNames);
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

function createRoutes(deps: { readonly edge: Edge; readonly runs: Runs; readonly bounds: HttpBounds }) {
  const { edge, runs, bounds } = deps;
  const checkBearer = createBearerCheck(edge.clock.now);
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
    const peer = { isLocal: isLoopback(req.socket.remoteAddress), isSecure: false };
    if (page.answer({ req, res, path, peer })) return;
    const { tokenHash, http, rateLimit } = edge.settings();
    const isOpen = path.startsWith("/v1/") && (http.chatCompletions || http.responses);
    // Direct tool calls are not built; whoever tries them without the token learns nothing about that.
    if (!isOpen && path !== "/tools/invoke") throw notFound(path);
    checkBearer(req, tokenHash, rateLimit);
    if (path === "/v1/models" || path.startsWith("/v1/models/")) {
      allow(req, "GET", "HEAD");
      return answerModels(edge, res, path);
    }
    if (path === "/v1/chat/completions" && http.chatCompletions) {
      allow(req, "POST");
      return answerChat(api, { req, res }, await readJson(req, bounds.bodyTimeoutMs));
    }
    if (path === "/v1/responses" && http.responses) {
      allow(req, "POST");
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

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(address);
}

function decodeName(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    if (cause instanceof URIError) return undefined;
    throw cause;
  }
}

/** A browser that was lured here by a name of somebody else's carries that name: only addresses and our own pass. */
function checkHost(req: IncomingMessage, hostNames: readonly string[]): void {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]\s/@]+)(?::\d{1,5})?$/i.exec(req.headers.host ?? "");
  if (match?.[1] === undefined) throw new HttpProblem(400, "a valid Host header is needed");
  const name = match[1]
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
  if (isIP(name) !== 0 || name === "localhost" || name.endsWith(".localhost")) return;
  if (hostNames.some((known) => known.toLowerCase() === name)) return;
  const names = ["its address", "localhost", ...hostNames].join(", ");
  throw new HttpProblem(421, `this gateway does not answer to that host name; use ${names}`);
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

function allow(req: IncomingMessage, ...verbs: readonly string[]): void {
  if (verbs.includes(req.method ?? "")) return;
  throw new HttpProblem(405, `use ${verbs.join(" or ")}`, { headers: { allow: verbs.join(", ") } });
}

function notFound(path: string): HttpProblem {
  return new HttpProblem(404, `nothing is at ${path.slice(0, 128).replace(/[^\x21-\x7e]/g, "?")}`);
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
