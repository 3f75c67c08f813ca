// Who may use the HTTP API: whoever shows the gateway's token. Only its hash is known here, and it is looked at before
// anything of the request is parsed.
import type { IncomingMessage } from "node:http";
import { equalInConstantTime, sha256 } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import type { RateLimit } from "../edge.ts";
import { createRecent } from "../recent.ts";
import { HttpProblem } from "./answer.ts";

export type BearerCheck = (req: IncomingMessage, tokenHash: string | undefined, limit: RateLimit) => void;

type Attempts = { failures: number; countedUntil: number; lockedUntil: number };

/**
 * Throws 401, or 429 once an address has failed too often. A locked address is refused unheard; only on a direct
 * connection from this machine is a right token still let in, or any local program could lock the owner out.
 */
export function createBearerCheck(now: () => number): BearerCheck {
  const attempts = createRecent<Attempts>({ entriesMax: limits.authAddressesMax, windowMs: limits.authMemoryMs, now });

  return (req, tokenHash, limit) => {
    const address = addressGroup(req.socket.remoteAddress ?? "unknown");
    const known = attempts.find(address) ?? { failures: 0, countedUntil: 0, lockedUntil: 0 };
    const lockedMs = known.lockedUntil - now();
    if (lockedMs > 0 && !isDirectLocal(req)) throw tooManyFailures(lockedMs);
    if (tokenHash !== undefined && matches(req.headers.authorization, tokenHash)) return attempts.remove(address);
    if (lockedMs > 0) throw tooManyFailures(lockedMs);
    attempts.add(address, countFailure(known, now(), limit));
    if (known.lockedUntil > now()) throw tooManyFailures(limit.lockoutMs);
    throw new HttpProblem(401, "Unauthorized", { headers: { "www-authenticate": "Bearer" } });
  };
}

function countFailure(attempts: Attempts, now: number, limit: RateLimit): Attempts {
  if (now >= attempts.countedUntil) Object.assign(attempts, { failures: 0, countedUntil: now + limit.windowMs });
  attempts.failures += 1;
  if (attempts.failures > limit.maxAttempts)
    Object.assign(attempts, { countedUntil: 0, lockedUntil: now + limit.lockoutMs });
  return attempts;
}

function matches(header: string | undefined, tokenHash: string): boolean {
  const token = /^Bearer +([\x21-\x7e]+)$/i.exec(header ?? "")?.[1];
  // Hashing comes first, so that neither the token's length nor how much of it is right shows in the time it takes.
  return token !== undefined && equalInConstantTime(sha256(token), tokenHash);
}

function isDirectLocal(req: IncomingMessage): boolean {
  const forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "cf-connecting-ip", "via"];
  const address = req.socket.remoteAddress ?? "";
  const isLocal = address === "::1" || /^(::ffff:)?127\./.test(address);
  return isLocal && forwarded.every((name) => req.headers[name] === undefined);
}

/** One subscriber has 2^64 IPv6 addresses, so they count as one. */
function addressGroup(address: string): string {
  if (!address.includes(":") || address.startsWith("::")) return address;
  return address.split(":").slice(0, 4).join(":");
}

function tooManyFailures(retryAfterMs: number): HttpProblem {
  return new HttpProblem(429, "too many failed attempts; wait before the next one", { retryAfterMs });
}
