// What a refused connection means for the person in front of it.
import type { CallFailed } from "./frames.ts";

export type SignedOut =
  /** This browser has never been signed in, or has signed out. */
  | { readonly why: "new" }
  /** The link's code was used before, or is too old. */
  | { readonly why: "used" }
  /** The device's token ran out, or the owner took it back. */
  | { readonly why: "ended" }
  /** The owner has to say yes; until then the page keeps asking. */
  | { readonly why: "waits"; readonly requestId: string }
  | { readonly why: "unable"; readonly message: string }
  | { readonly why: "insecure" };

export type Verdict =
  | { readonly kind: "out"; readonly out: SignedOut; readonly forget: boolean }
  | { readonly kind: "again"; readonly afterMs: number | undefined };

const waitingMs = 5_000;

export function judgeRefusal(refusal: CallFailed): Verdict {
  const { details, retryAfterMs } = refusal;
  const code = typeof details["code"] === "string" ? details["code"] : refusal.code;
  if (code === "PAIRING_REQUIRED" && typeof details["requestId"] === "string")
    return { kind: "out", out: { why: "waits", requestId: details["requestId"].slice(0, 128) }, forget: false };
  if (code === "AUTH_RATE_LIMITED") return { kind: "again", afterMs: retryAfterMs ?? waitingMs };
  if (code === "AUTH_BOOTSTRAP_TOKEN_INVALID") return { kind: "out", out: { why: "used" }, forget: false };
  if (/^(?:AUTH_|DEVICE_)/.test(code) || refusal.code === "NOT_PAIRED")
    return { kind: "out", out: { why: "ended" }, forget: code === "AUTH_DEVICE_TOKEN_MISMATCH" };
  // Everything else that a gateway says to a page of its own is either passing, or about page and gateway not fitting.
  if (refusal.code === "UNAVAILABLE" || refusal.isLost) return { kind: "again", afterMs: retryAfterMs };
  return { kind: "out", out: { why: "unable", message: refusal.message }, forget: false };
}
