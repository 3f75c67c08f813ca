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

export type HttpCaller = {
  readonly scopes: readonly Scope[];
  /** Undefined for a shared credential. */
  readonly deviceId: string | undefined;
};

/** Throws 401, or 429 once a client has guessed too often. */
export type CallerCheck = (req: IncomingMessage) => Promise<HttpCaller>;

export function createCallerCheck(edge: Edge): CallerCheck {
  return async (req) => {
    const token = /^Bearer +([\x21-\x7e]+)$/i.exec(req.headers.authorization ?? "")?.[1];
    const caller = await edge.auth.attempt({ req, shown: { token } }, async (shared) => {
      const owner = ownerOf(req, shared);
      return owner ?? (await deviceOf(edge, token)) ?? refusalOf(shared);
    });
    if (isCaller(caller)) return caller;
    throw problemOf(caller);
  };
}

export function requireScope(caller: HttpCaller, scope: Scope): void {
  if (holdsScope(caller.scopes, scope)) return;
  throw new HttpProblem(403, `missing scope: ${scope}`, { details: { code: "MISSING_SCOPE", missingScope: scope } });
}

/** A place or a tailnet is no credential: over HTTP something has to be shown. */
function ownerOf(req: IncomingMessage, shared: SharedProof): HttpCaller | undefined {
  if (shared.kind !== "proved" || shared.method === "none" || shared.method === "tailscale") return undefined;
  if (shared.method !== "trusted-proxy") return { scopes: ["operator.admin"], deviceId: undefined };
  const wanted = req.headers["x-openclaw-scopes"];
  const narrowed = typeof wanted === "string" ? wanted.split(",").map((name) => name.trim()) : undefined;
  return { scopes: narrowed?.filter(isScope) ?? ["operator.admin"], deviceId: undefined };
}

async function deviceOf(edge: Edge, token: string | undefined): Promise<HttpCaller | undefined> {
  if (token === undefined) return undefined;
  return await edge.devices.bearer(token);
}

/** Whoever showed nothing is turned away without having guessed. */
function refusalOf(shared: SharedProof): ConnectRefusal {
  if (shared.kind === "refused") return shared.refusal;
  return refusal("unauthorized", 1008, { code: "AUTH_REQUIRED" });
}

function isCaller(found: HttpCaller | ConnectRefusal): found is HttpCaller {
  return !isRefusal(found as Session | ConnectRefusal);
}

function problemOf({ error }: ConnectRefusal): HttpProblem {
  if (error.retryAfterMs !== undefined)
    return new HttpProblem(429, error.message, { retryAfterMs: error.retryAfterMs });
  return new HttpProblem(401, "Unauthorized", { headers: { "www-authenticate": "Bearer" } });
}
