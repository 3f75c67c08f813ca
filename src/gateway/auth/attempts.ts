// Counts wrong credentials, by client and by kind of credential, and makes whoever guesses wait: a pace for each further
// guess, and a lock after too many, twice as long each time.
import { limits } from "../../base/limits.ts";
import { addressGroup } from "../../network/network.ts";
import type { Peer } from "../../pairing/pairing.ts";
import { createRecent } from "../recent.ts";
import type { RateLimit } from "./access.ts";

/** What can be guessed. Each is counted apart: who mistypes a password is not locked out of a device's token. */
export type CredentialKind = "token" | "password" | "deviceToken" | "bootstrapToken";

export type Attempts = {
  /** How long this client must wait before its next try; 0 where it may try now. */
  waitMs(peer: Peer, kind: CredentialKind): number;
  /** Answers the same, as it is after this failure. */
  failed(peer: Peer, kind: CredentialKind, limit: RateLimit): number;
  succeeded(peer: Peer, kind: CredentialKind): void;
};

type Count = {
  failures: number;
  countedUntil: number;
  lockedUntil: number;
  /** Locks in a row. */
  locks: number;
  /** When the pace allows the whole burst again. */
  paceFullAt: number;
};

export function createAttempts(now: () => number): Attempts {
  const counts = createRecent<Count>({ entriesMax: limits.authAddressesMax, windowMs: limits.authMemoryMs, now });
  const keyOf = (peer: Peer, kind: CredentialKind): string => `${kind} ${addressGroup(peer.address)}`;

  function waitOf(count: Count | undefined, peer: Peer): number {
    if (count === undefined) return 0;
    const locked = count.lockedUntil - now();
    // Directly from this machine there is no pace: its own programs would only slow each other down.
    return Math.max(0, locked, peer.isLocal ? 0 : paceWait(count, now()));
  }

  return {
    waitMs: (peer, kind) => waitOf(counts.find(keyOf(peer, kind)), peer),
    failed(peer, kind, limit) {
      const key = keyOf(peer, kind);
      const count = counts.find(key) ?? { failures: 0, countedUntil: 0, lockedUntil: 0, locks: 0, paceFullAt: 0 };
      countFailure(count, now(), limit);
      counts.add(key, count);
      return Math.max(0, count.lockedUntil - now());
    },
    succeeded: (peer, kind) => counts.remove(keyOf(peer, kind)),
  };
}

function countFailure(count: Count, now: number, limit: RateLimit): void {
  count.paceFullAt = Math.max(count.paceFullAt, now) + 1_000 / limits.authPerSecond;
  if (now < count.lockedUntil) return;
  if (now >= count.countedUntil) Object.assign(count, { failures: 0, countedUntil: now + limit.windowMs });
  count.failures += 1;
  if (count.failures <= limit.maxAttempts) return;
  const lockMs = Math.min(limit.lockoutMs * 2 ** count.locks, Math.max(limit.lockoutMs, limits.authLockoutMaxMs));
  Object.assign(count, { countedUntil: 0, lockedUntil: now + lockMs, locks: count.locks + 1 });
}

/** A burst is free; beyond it a failure costs its share of a second. */
function paceWait(count: Count, now: number): number {
  const burstMs = ((limits.authBurst - 1) * 1_000) / limits.authPerSecond;
  return Math.round(Math.max(0, count.paceFullAt - burstMs - now));
}
