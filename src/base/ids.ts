// Identifiers and tokens, all from the operating system's random source (AG-020).
import { createHash, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";

export function newId(): string {
  return randomUUID();
}

/** A secret of `bytes` random bytes as lowercase hex. */
export function newToken(bytes = 32): string {
  return randomBytes(bytes).toString("hex");
}

export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Compares without telling by its duration where two strings differ (GW-049). */
export function equalInConstantTime(left: string, right: string): boolean {
  const a = createHash("sha256").update(left).digest();
  const b = createHash("sha256").update(right).digest();
  return timingSafeEqual(a, b);
}
