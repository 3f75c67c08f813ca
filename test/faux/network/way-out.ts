// A cell's way out without a cell: a listener with the proxy behind it, a resolver of names that nobody owns, and far
// sides on this machine that stand for public addresses. What reaches a far side is counted.
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { IncomingMessage, RequestListener } from "node:http";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { createSecureContext, createServer as createTlsServer } from "node:tls";
import { createAuthority } from "../../../src/egress/authority/authority.ts";
import type { AgentEgress, EgressRule } from "../../../src/egress/judge/judge.ts";
import { attachProxy } from "../../../src/egress/proxy/proxy.ts";
import type { EgressEntry, ProxyDeps } from "../../../src/egress/proxy/proxy.ts";
import { parseHostPlace } from "../../../src/protocol/known/hosts.ts";
import type { HostPattern } from "../../../src/protocol/known/hosts.ts";
import { until } from "../outside/until.ts";

export const publicAddress = "93.184.216.34";

export type FarSide = { readonly port: number; readonly seen: string[]; bytes: number; readonly certificate: string };

export type WayOut = {
  readonly port: number;
  readonly far: FarSide;
  readonly records: EgressEntry[];
  readonly resolved: string[];
  readonly dialled: string[];
  /** Of the cell's own authority. */
  readonly certificate: string;
  readonly rules: { current: AgentEgress | undefined };
  /** The next record that comes. */
  recorded(): Promise<EgressEntry>;
};

export function allow(host: string, more: Partial<EgressRule> = {}): EgressRule {
  return { id: `allow ${host}`, verdict: "allow", host: patternOf(host), ports: [443], reach: "public", ...more };
}

export function egressFor(...rules: readonly EgressRule[]): AgentEgress {
  return { rules, terminate: [], uploadMaxBytes: undefined };
}

export function patternOf(text: string): HostPattern {
  const place = parseHostPlace(text);
  if (!place.ok) throw new Error(place.reason);
  return place.value.host;
}

type Options = Partial<Omit<ProxyDeps, "rules">> & {
  readonly names?: Readonly<Record<string, readonly string[]>>;
  readonly answer?: RequestListener;
  readonly onConnection?: (listener: Server) => void;
};

export async function withWayOut(
  rules: AgentEgress | undefined,
  options: Options,
  use: (way: WayOut) => Promise<void>,
): Promise<void> {
  const names = options.names ?? { "example.com": [publicAddress], "other.example.com": [publicAddress] };
  const far = await openFarSide(Object.keys(names), options.answer);
  const authority = createAuthority(Object.keys(names).map(patternOf), Date.now());
  const listener = createServer({ allowHalfOpen: true });
  const way: WayOut & { readonly waiting: ((entry: EgressEntry) => void)[] } = {
    port: 0,
    far: far.side,
    records: [],
    resolved: [],
    dialled: [],
    waiting: [],
    certificate: authority.certificate,
    rules: { current: rules },
    recorded: async () => await new Promise((resolve) => way.waiting.push(resolve)),
  };
  const attached = attachProxy(
    {
      rules: () => way.rules.current,
      now: Date.now,
      async resolve(host) {
        way.resolved.push(host);
        const found = names[host];
        if (found === undefined) throw Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
        return found;
      },
      connect(address, port) {
        way.dialled.push(`${address}:${port}`);
        return connect({ host: "127.0.0.1", port: port === 80 ? far.plainPort : far.side.port, allowHalfOpen: true });
      },
      record(entry) {
        way.records.push(entry);
        for (const resolve of way.waiting.splice(0)) resolve(entry);
      },
      trusted: [far.side.certificate],
      ...options,
    },
    listener,
    { asker: { agentId: "main", sessionKey: "agent:main:main" }, authority },
  );
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  try {
    await use({ ...way, port: (listener.address() as AddressInfo).port });
  } finally {
    attached.close();
    await far.close();
  }
}

/** Speaks TLS under every name that is asked of it, and plain HTTP on a port of its own. */
export async function openFarSide(hosts: readonly string[], answer?: RequestListener) {
  const authority = createAuthority(hosts.map(patternOf), Date.now());
  const side: FarSide = { port: 0, seen: [], bytes: 0, certificate: authority.certificate };
  const http = createHttpServer((request, response) => {
    side.seen.push(describe(request));
    (answer ?? ((_request, plain) => plain.end("from afar")))(request, response);
  });
  const open = new Set<Socket>();
  const watch = (socket: Socket): void => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => {
      side.bytes += socket.bytesRead;
      open.delete(socket);
    });
  };
  const tls = createTlsServer(
    { SNICallback: (name, done) => done(null, createSecureContext(authority.leaf(name))) },
    (socket) => http.emit("connection", socket),
  );
  tls.on("connection", watch);
  tls.on("tlsClientError", () => undefined);
  http.on("connection", watch);
  tls.listen(0, "127.0.0.1");
  http.listen(0, "127.0.0.1");
  await Promise.all([once(tls, "listening"), once(http, "listening")]);
  const port = (tls.address() as AddressInfo).port;
  return {
    side: Object.defineProperty({ ...side, port }, "bytes", {
      get: () => side.bytes + [...open].reduce((sum, socket) => sum + socket.bytesRead, 0),
    }) as FarSide,
    plainPort: (http.address() as AddressInfo).port,
    /** Whoever counts bytes waits for the last ones of what came before. */
    untilQuiet: () => until("every connection has ended", async () => open.size === 0),
    async close() {
      for (const socket of open) socket.destroy();
      const ends = [once(tls, "close"), once(http, "close")];
      tls.close();
      http.close();
      await Promise.all(ends);
    },
  };
}

function describe({ method, url, headers }: IncomingMessage): string {
  return `${method} ${headers.host}${url}`;
}
