// The proxy at the other end of a cell's only listener. Its first byte tells SOCKS5 from HTTP; behind both stand the same
// judge, the same resolver and the same record. Who asks is known by the listener and by nothing that comes through it.
import { createServer as createHttpServer } from "node:http";
import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import type { Server, Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { limits } from "../../base/limits.ts";
import type { Authority } from "../authority/authority.ts";
import { answer, forward, phrase } from "./forward.ts";
import { readGreeting, readRequest, renderReply, socksCodes, socksVersion } from "./socks.ts";
import type { Socks } from "./socks.ts";
import { openTunnel } from "./tunnel.ts";
import type { Place, Terminate } from "./tunnel.ts";
import type { Asker, ProxyDeps, Way } from "./way.ts";

export type { Asker, EgressEntry, Inspect, Inspection, Placeholder, ProxyDeps } from "./way.ts";

/** Serves one cell's listener until it is closed. */
export type Attached = { close(): void };

export function attachProxy(
  deps: ProxyDeps,
  listener: Server,
  cell: { readonly asker: Asker; readonly authority?: Authority | undefined },
): Attached {
  // Both sides of each connection, so that one that is stopped sends nothing more that it was given before.
  const open = new Set<Socket>();
  let halt: AbortSignal | undefined;
  const connect: ProxyDeps["connect"] = (address, port) => track(deps.connect(address, port));
  const way: Way = { deps: { ...deps, connect }, asker: cell.asker, authority: cell.authority, held: { bytes: 0 } };
  const front = openFront(way);

  function close(): void {
    halt?.removeEventListener("abort", drop);
    listener.close();
    drop();
  }
  function drop(): void {
    // An error, because a connection that is still being made tells its end by nothing else.
    for (const socket of open) socket.destroy(new Error("stopped"));
  }
  function track(socket: Socket): Socket {
    // A connection that breaks closes, and that is what is looked at.
    socket.on("error", () => undefined);
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    if (isHalted()) socket.destroy(new Error("stopped"));
    return socket;
  }
  /** Asked anew each time: after the owner has let things go on there is another signal. */
  function isHalted(): boolean {
    const now = deps.halted?.(cell.asker.agentId);
    if (now !== halt) {
      halt?.removeEventListener("abort", drop);
      halt = now;
      halt?.addEventListener("abort", drop, { once: true });
    }
    return now?.aborted === true;
  }

  listener.maxConnections = limits.egressConnectionsMax;
  listener.on("connection", (socket: Socket) => {
    track(socket);
    if (socket.destroyed) return recordHalted(way);
    socket.setTimeout(limits.egressIdleTimeoutMs, () => socket.destroy());
    byFirstByte(way, socket, front);
  });
  // A listener that fails is one without connections; the cell finds nobody there.
  listener.on("error", () => close());
  return { close };
}

function recordHalted({ deps, asker }: Way): void {
  const reason = "the owner has stopped it; to go on: lorica resume";
  const what = { host: "", port: 0, transport: "tunnel", verdict: "deny", rule: "kill", reason } as const;
  deps.record({ ...asker, ...what, upBytes: 0, downBytes: 0, durationMs: 0 });
}

function byFirstByte(way: Way, socket: Socket, front: HttpServer): void {
  const late = setTimeout(() => socket.destroy(), limits.egressHeadTimeoutMs);
  socket.once("close", () => clearTimeout(late));
  socket.once("data", (chunk: Buffer) => {
    clearTimeout(late);
    socket.pause();
    socket.unshift(chunk);
    if (chunk[0] === socksVersion) return void serveSocks(way, socket).catch(() => socket.destroy());
    front.emit("connection", socket);
    socket.resume();
  });
}

function openFront(way: Way): HttpServer {
  const isEarly = createOrder();
  const server = createHttpServer(httpBounds, (from, to) => {
    if (isEarly(from, to)) return;
    const target = parseAbsolute(from);
    if (target === undefined) return answer(to, 400, "this is a proxy: CONNECT host:port, or a whole http:// URL");
    void forward({ way, from, to, ...target, transport: "http" });
  });
  bound(server);
  server.on("connect", (from: IncomingMessage, socket: Socket, head: Buffer) => {
    const place = parseAuthority(from.url ?? "");
    const refuse = ({ reason }: { readonly reason: string }): void => void socket.end(renderRefusal(403, reason));
    socket.setTimeout(limits.egressIdleTimeoutMs);
    if (head.length > 0) socket.unshift(head);
    if (place === undefined) return void socket.end(renderRefusal(400, "CONNECT takes host:port"));
    const accept = (): void => void socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    openTunnel(way, { ...place, socket, accept, refuse }, terminateWith(way)).catch(() => socket.destroy());
  });
  return server;
}

const httpBounds = {
  maxHeaderSize: limits.egressHeadMaxBytes,
  headersTimeout: limits.egressHeadTimeoutMs,
  requestTimeout: limits.egressIdleTimeoutMs,
  keepAliveTimeout: 30_000,
  insecureHTTPParser: false,
  requireHostHeader: true,
};

function bound(server: HttpServer): void {
  server.maxHeadersCount = limits.egressHeadersMax;
  server.on("clientError", (_error, stream) => {
    if (stream.writable) stream.end("HTTP/1.1 400 not HTTP\r\nconnection: close\r\n\r\n");
    else stream.destroy();
  });
  // Another protocol inside a request would be seen by no rule.
  server.on("upgrade", (_from, stream) => stream.end(renderRefusal(501, "no other protocol inside a request")));
}

/** Ends a connection whose requests do not wait for the answer before: each would be given another one, without a bound. */
function createOrder(): (from: IncomingMessage, to: ServerResponse) => boolean {
  const answers = new WeakMap<Socket, ServerResponse>();
  return ({ socket }, to) => {
    const before = answers.get(socket);
    answers.set(socket, to);
    if (before === undefined || before.writableEnded) return false;
    socket.destroy();
    return true;
  };
}

/** Ends the TLS of a connection with a certificate of the cell's own authority, and serves what comes inside. */
function terminateWith(way: Way): Terminate {
  return async (socket, place) => {
    const { authority } = way;
    if (authority === undefined) return void socket.destroy();
    const isEarly = createOrder();
    const inner = createHttpServer(httpBounds, (from, to) => {
      if (isEarly(from, to)) return;
      const path = from.url ?? "";
      if (!path.startsWith("/")) return answer(to, 400, "a path begins with /");
      void forward({ way, from, to, ...place, path, transport: "tls" });
    });
    bound(inner);
    const secureContext = createSecureContext({ ...authority.leaf(place.host), minVersion: "TLSv1.2" });
    const secure = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ["http/1.1"] });
    secure.on("error", () => socket.destroy());
    inner.emit("connection", secure);
    await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  };
}

async function serveSocks(way: Way, socket: Socket): Promise<void> {
  const reader = createReader(socket);
  const greeting = await reader.next(readGreeting);
  if (greeting.kind === "refused") return void socket.end(Buffer.from([socksVersion, 0xff]));
  socket.write(Buffer.from([socksVersion, 0]));
  const request = await reader.next(readRequest);
  if (request.kind === "refused") return refuseSocks(way, socket, request);
  if (request.kind !== "connect") return void socket.destroy();
  const accept = (): void => void socket.write(renderReply(socksCodes.done));
  const refuse = (): void => void socket.end(renderReply(socksCodes.forbidden));
  const { host, port } = request;
  await openTunnel(way, { host, port, socket, accept, refuse }, terminateWith(way));
}

function refuseSocks(
  { deps, asker }: Way,
  socket: Socket,
  { code, reason }: Extract<Socks, { kind: "refused" }>,
): void {
  const what = { host: "", port: 0, transport: "tunnel", verdict: "deny", rule: "grammar", reason } as const;
  deps.record({ ...asker, ...what, upBytes: 0, downBytes: 0, durationMs: 0 });
  socket.end(renderReply(code));
}

/** Reads one step of the handshake after the other, and gives back what is behind it. */
function createReader(socket: Socket) {
  return {
    async next(read: (bytes: Buffer) => Socks): Promise<Exclude<Socks, { kind: "more" }>> {
      return await new Promise((resolve, reject) => {
        let bytes: Buffer = Buffer.alloc(0);
        const timer = setTimeout(() => done(() => reject(new Error("too slow"))), limits.egressHeadTimeoutMs);
        const gone = (): void => done(() => reject(new Error("gone")));
        function done(then: () => void): void {
          clearTimeout(timer);
          socket.off("data", take);
          socket.off("close", gone);
          socket.pause();
          then();
        }
        function take(chunk: Buffer): void {
          bytes = Buffer.concat([bytes, chunk]);
          const step = read(bytes);
          if (step.kind === "more") return;
          done(() => {
            const rest = "used" in step ? bytes.subarray(step.used) : Buffer.alloc(0);
            if (rest.length > 0) socket.unshift(rest);
            resolve(step);
          });
        }
        socket.on("data", take);
        socket.once("close", gone);
        socket.resume();
      });
    },
  };
}

function parseAuthority(text: string): Place | undefined {
  const [, host = "", digits = ""] = /^([^:@/?#\s]{1,253}):(\d{1,5})$/.exec(text) ?? [];
  // An address in brackets is judged too, so that its refusal says what it is.
  const [, literal, port] = /^(\[[^\]]{1,64}\]):(\d{1,5})$/.exec(text) ?? [];
  if (literal !== undefined) return { host: literal, port: Number(port) };
  return host === "" ? undefined : { host, port: Number(digits) };
}

function parseAbsolute({ url = "" }: IncomingMessage): (Place & { readonly path: string }) | undefined {
  const [, host = "", digits, path = ""] =
    /^http:\/\/([^:@/?#\s]{1,253})(?::(\d{1,5}))?(\/[^\s#]*|\?[^\s#]*)?$/i.exec(url) ?? [];
  if (host === "") return undefined;
  return { host: host.toLowerCase(), port: Number(digits ?? 80), path: path.startsWith("/") ? path : `/${path}` };
}

function renderRefusal(status: number, reason: string): string {
  const text = phrase(reason);
  return `HTTP/1.1 ${status} ${text}\r\ncontent-type: text/plain\r\ncontent-length: ${text.length + 1}\r\nconnection: close\r\n\r\n${text}\n`;
}
