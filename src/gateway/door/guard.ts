// What every request passes before anybody asks what it wants: where it may come from, how often, under which name, and
// whether a page of somebody else's made it.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AccessSettings } from "../auth/access.ts";
import { hopsOf, hostProblem, originProblem, peerOf, plainProblem } from "../auth/peer.ts";
import type { Peer } from "../../pairing/pairing.ts";
import type { EdgeLog } from "../edge.ts";
import { HttpProblem } from "../http/answer.ts";
import type { RateKind, Rates } from "./rates.ts";
import { takeRoutingHeaders } from "./routing-headers.ts";

export type GuardDeps = {
  readonly access: () => AccessSettings;
  readonly rates: Rates;
  readonly log: EdgeLog;
};

type Knock = Extract<RateKind, "general" | "connect" | "webhook">;

export type Guard = {
  /** Throws an `HttpProblem`; WebSockets' upgrades and platforms' deliveries are looked at alike, at rates of their own. */
  check(req: IncomingMessage, kind: Knock): Peer;
  /** Says that TLS is to be used from now on, to whoever came over it. */
  announce(req: IncomingMessage, res: ServerResponse): void;
};

export function createGuard({ access, rates, log }: GuardDeps): Guard {
  let proxyNoted = false;

  /** Said once: it is a matter of the config, and every request through that proxy would say it again. */
  function noteUnknownProxy(req: IncomingMessage): void {
    if (proxyNoted || !hopsOf(req, access()).isUnknownProxy) return;
    proxyNoted = true;
    log("warn", "a request came through a proxy that gateway.trustedProxies does not name; its word is not taken", {
      check: "gateway.trusted_proxies_missing",
      peer: req.socket.remoteAddress,
    });
  }

  return {
    check(req, kind) {
      const settings = access();
      const peer = peerOf(req, settings);
      if (settings.allowedAddresses?.has(peer.address) === false && !peer.isLocal)
        throw new HttpProblem(403, "this address may not use the gateway");
      rates.take(kind, peer);
      noteUnknownProxy(req);
      const host = hostProblem(req.headers.host, settings.hostNames);
      if (host !== undefined) throw new HttpProblem(host.status, host.reason);
      checkPage(req, settings, kind);
      takeRoutingHeaders(req);
      return peer;
    },
    announce(req, res) {
      const { strictTransport } = access();
      if (strictTransport !== undefined && peerOf(req, access()).isSecure)
        res.setHeader("strict-transport-security", strictTransport);
    },
  };
}

/**
 * Reading needs no such check: without the right headers in our answer a browser keeps it from the page that asked. A
 * page that opens a WebSocket is judged when it says `connect`, because it can read nothing that comes before.
 */
function checkPage(req: IncomingMessage, access: AccessSettings, kind: Knock): void {
  if (kind !== "connect") {
    if (req.method === "GET" || req.method === "HEAD") return;
    const origin = originProblem(req, access);
    if (origin !== undefined)
      throw new HttpProblem(403, origin, { details: { code: "CONTROL_UI_ORIGIN_NOT_ALLOWED" } });
  }
  const plain = req.headers.origin === undefined ? undefined : plainProblem(req, access);
  if (plain !== undefined) throw new HttpProblem(403, plain);
}

/** What people put into addresses: proxies, histories and logs keep those, so none of it is ever read (GW-022). */
const secretNames = /^(?:access_?token|api_?key|auth|key|password|secret|token)$/i;

export function refuseSecretsInQuery(req: IncomingMessage): void {
  const query = new URLSearchParams((req.url ?? "").split("?").slice(1).join("?"));
  const name = [...query.keys()].find((key) => secretNames.test(key));
  if (name === undefined) return;
  throw new HttpProblem(
    400,
    `credentials are not read from an address (${name}=…); send the header "Authorization: Bearer <token>", and change this one, for it is in histories and logs now`,
  );
}
