// The far side of a connection: whether it is dialled where its address stands in the URL itself, and what is said when that
// goes wrong.
import { isIP } from "node:net";
import { errnoOf, LoricaError } from "../../base/errors.ts";
import { abortError } from "../../base/wait.ts";
import { checkAddress } from "../../network/network.ts";
import type { Reach } from "../../network/network.ts";
import type { Target } from "./target.ts";

/** By an address of this machine or its network: no proxy elsewhere could mean the same by it. */
export function isNearby({ origin }: Target): boolean {
  const host = new URL(origin).hostname.replace(/^\[|\]$/g, "");
  return host === "localhost" || (isIP(host) !== 0 && !checkAddress(host, "public").ok);
}

/** An address in the URL itself is never looked up, so it is judged here. */
export function checkLiteral({ origin }: Pick<Target, "origin">, reach: Reach): void {
  const host = new URL(origin).hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) === 0) return;
  const verdict = checkAddress(host, reach);
  if (!verdict.ok) throw new LoricaError("forbidden", `${host} may not be dialled: ${verdict.reason}`);
}

/** What went wrong out there, in words that name the host and never the request. */
export function explain(cause: unknown, { host }: Target, signal: AbortSignal): LoricaError {
  if (cause instanceof LoricaError) return cause;
  if (signal.aborted) return abortError(signal);
  const code = errnoOf(cause) ?? "unknown error";
  const nested = cause instanceof Error && cause.cause instanceof LoricaError ? cause.cause : undefined;
  if (nested !== undefined) return nested;
  if (code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT")
    return new LoricaError("timeout", `${host} did not accept a connection in time`);
  if (code === "UND_ERR_HEADERS_TIMEOUT") return new LoricaError("timeout", `${host} did not begin to answer in time`);
  if (code === "UND_ERR_BODY_TIMEOUT") return new LoricaError("timeout", `${host} stopped in the middle of its answer`);
  if (["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "EAI_AGAIN", "EADDRNOTAVAIL"].includes(code))
    return new LoricaError("unavailable", `cannot connect to ${host} (${code})`);
  if (code === "UND_ERR_INVALID_ARG" || code === "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH")
    return new LoricaError("invalid_request", `a request to ${host} that is not one (${code})`);
  return new LoricaError("upstream", `the connection to ${host} failed (${code})`);
}
