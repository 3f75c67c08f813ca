// Who is calling the HTTP API: the owner with a shared credential, or a paired device with its token. Looked at before
// anything of the request is parsed.
import type { IncomingMessage } from "node:http";
import { isRefusal, refusal } from "../../protocol/handshake.ts";
import type { ConnectRefusal, Session } from "../../protocol/handshake.ts";
import { holdsScope, isScope } from "../../protocol/scopes.ts";
import type { Scope } from "../../protocol/scopes.ts";
import type { SharedProof } from "../../pairing/pairing.ts";
import type { Edge } from "../edge.ts";
import { HttpProblem } from "../http/answer.ts";
import { giveRoutingHeaders } from "./routing-headers.ts";

export type HttpCaller = {
  readonly scopes: readonly Scope[];
  /** Undefined for a shared credential. */
  readonly deviceId: string | undefined;
};

type Found = HttpCaller & { readonly isNamed: boolean };

/** Throws 401, or 429 once a client has guessed too often. */
export type CallerCheck = (req: IncomingMessage) => Promise<HttpCaller>;

export function createCallerCheck(edge: Edge): CallerCheck {
  return async (req) => {
    const token = /^Bearer +([\x21-\x7e]+)$/i.exec(req.headers.authorization ?? "")?.[1];
    const caller = await edge.auth.attempt({ req, shown: { token } }, async (shared) => {
      return ownerOf(shared) ?? (await deviceOf(edge, token)) ?? refusalOf(shared);
    });
    if (!isCaller(caller)) throw problemOf(caller);
    giveRoutingHeaders(req, edge.settings().access);
    return caller.isNamed ? narrowed(caller, req) : caller;
  };
}

export function requireScope(caller: HttpCaller, scope: Scope): void {
  if (holdsScope(caller.scopes, scope)) return;
  throw new HttpProblem(403, `missing scope: ${scope}`, { details: { code: "MISSING_SCOPE", missingScope: scope } });
}

/** A place or a tailnet is no credential: over HTTP something has to be shown. */
function ownerOf(shared: SharedProof): Found | undefined {
  if (shared.kind !== "proved" || shared.method === "none" || shared.method === "tailscale") return undefined;
  return { scopes: ["operator.admin"], deviceId: undefined, isNamed: shared.method === "trusted-proxy" };
}

/** Whom a proxy names may hold less than everything; whoever holds the secret itself cannot be held to that. */
function narrowed({ scopes, deviceId }: Found, req: IncomingMessage): HttpCaller {
  const wanted = req.headers["x-openclaw-scopes"];
  if (typeof wanted !== "string") return { scopes, deviceId };
  return {
    scopes: wanted
      .split(",")
      .map((name) => name.trim())
      .filter(isScope),
    deviceId,
  };
}

async function deviceOf(edge: Edge, token: string | undefined): Promise<Found | undefined> {
  const device = token === undefined ? undefined : await edge.devices.bearer(token);
  return device === undefined ? undefined : { ...device, isNamed: false };
}

/** Whoever showed nothing is turned away without having guessed. */
function refusalOf(shared: SharedProof): ConnectRefusal {
  if (shared.kind === "refused") return shared.refusal;
  return refusal("unauthorized", 1008, { code: "AUTH_REQUIRED" });
}

function isCaller(found: Found | ConnectRefusal): found is Found {
  return !isRefusal(found as Session | ConnectRefusal);
}

function problemOf({ error }: ConnectRefusal): HttpProblem {
  if (error.retryAfterMs !== undefined)
    return new HttpProblem(429, error.message, { retryAfterMs: error.retryAfterMs });
  return new HttpProblem(401, "Unauthorized", { headers: { "www-authenticate": "Bearer" } });
}
