// The HTTP server on all the sockets that it was given, with TLS where there is a certificate.
import { createServer } from "node:http";
import type { Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { createServer as createPlainServer } from "node:net";
import type { AddressInfo, Server as PlainServer, Socket } from "node:net";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { listeningProblem } from "../../network/network.ts";
import type { ListenAddress, TlsPair } from "../../network/network.ts";
import { listenOn } from "../listen.ts";
import type { ListenTarget } from "../listen.ts";
import type { HttpBounds } from "../door/route.ts";
import { peekAtTls } from "./plain-on-tls.ts";

export type Listener = {
  readonly server: Server;
  /** Answers where it listens, as the kernel says it. */
  listen(targets: readonly ListenTarget[]): Promise<readonly ListenAddress[]>;
  /** Takes effect at the next handshake. Whether there is TLS at all is settled when the listener is made. */
  renew(tls: TlsPair | undefined): void;
  /** Takes nothing new; resolves once everything is closed. */
  close(graceMs: number): Promise<void>;
};

export function createListener(bounds: HttpBounds, tls: TlsPair | undefined): Listener {
  const options = {
    maxHeaderSize: limits.httpHeadersMaxBytes,
    headersTimeout: bounds.headersTimeoutMs,
    // The body has its own clock; this one only catches what never reaches it.
    requestTimeout: bounds.headersTimeoutMs + bounds.bodyTimeoutMs,
    connectionsCheckingInterval: bounds.checkIntervalMs,
    keepAliveTimeout: limits.httpKeepAliveMs,
    // Ours says what is wrong, with the headers that every answer has.
    requireHostHeader: false,
    insecureHTTPParser: false,
  };
  const secure = tls && createSecureServer({ ...options, ...tls, ...secureOptions(bounds) });
  const server: Server = secure ?? createServer(options);
  server.maxConnections = limits.httpConnectionsMax;
  if (secure !== undefined) peekAtTls(secure, bounds.headersTimeoutMs);
  const relays: PlainServer[] = [];

  return {
    server,
    async listen(targets) {
      const [first, ...others] = targets;
      if (first === undefined) return [];
      await listenOn(server, first);
      for (const target of others) {
        // As an HTTP server makes its own sockets, so that every address answers alike.
        const sockets = { allowHalfOpen: true, noDelay: true };
        const relay = createPlainServer(sockets, (socket: Socket) => server.emit("connection", socket));
        relay.maxConnections = limits.httpConnectionsMax;
        relays.push(relay);
        await listenOn(relay, target);
      }
      const listening = [server, ...relays].map((one) => addressOf(one.address() as AddressInfo));
      checkListening(targets, listening);
      return listening;
    },
    renew(next) {
      if (secure !== undefined && next !== undefined) secure.setSecureContext({ ...next, ...secureOptions(bounds) });
    },
    async close(graceMs) {
      if (!server.listening) return;
      const closed = [server, ...relays].map((one) => new Promise((resolve) => one.close(resolve)));
      server.closeIdleConnections();
      const force = setTimeout(() => server.closeAllConnections(), graceMs);
      await Promise.all(closed);
      clearTimeout(force);
    },
  };
}

/** Whoever finds itself on other sockets than it was told serves on none of them (NET-004). */
function checkListening(targets: readonly ListenTarget[], listening: readonly ListenAddress[]): void {
  const wanted = targets.flatMap((target) => ("fd" in target && target.address !== undefined ? [target.address] : []));
  const problem = wanted.length === 0 ? undefined : listeningProblem(wanted, listening);
  if (problem !== undefined) throw new LoricaError("internal", `the gateway is not where it should be: ${problem}`);
}

function secureOptions(bounds: HttpBounds) {
  return { minVersion: "TLSv1.2", honorCipherOrder: true, handshakeTimeout: bounds.headersTimeoutMs } as const;
}

function addressOf({ address, port }: AddressInfo): ListenAddress {
  return { host: address, port };
}
