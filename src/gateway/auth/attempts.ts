// Counts wrong credentials, by client and by kind of credential, and makes whoever guesses wait: a pace for each further
// guess, and a lock after too many, twice as long each time.
import { limits } from "../../base/limits.ts";
import { addressGroup } from "../../network/network.ts";
import type { Peer } from "../../pairing/pairing.ts";
import { createRecent } from "../recent.ts";
import type { RateLimit } from "./access.ts";

/** What can be guessed. Each is counted apart: who mistypes a password is not locked out of a device's token. */
export type CredentialKind = "token" | "password" | "deviceToken" | "bootstrapToken";

export type Guesser = {
  readonly peer: Peer;
  /**
   * As it names itself. A wrong token of a device is found out only once it has proved its key, so nobody makes another
   * one wait, whatever address they share.
   */
  readonly deviceId?: string | undefined;
};

export type Attempts = {
  /** How long this client must wait before its next try; 0 where it may try now. */
  waitMs(guesser: Guesser, kind: CredentialKind): number;
  /** Answers the same, as it is after this failure. */
  failed(guesser: Guesser, kind: CredentialKind, limit: RateLimit): number;
  succeeded(guesser: Guesser, kind: CredentialKind): void;
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
  const bounds = { entriesMax: limits.authAddressesMax, windowMs: limits.authMemoryMs, now };
  const byAddress = createRecent<Count>(bounds);
  // Apart, because keys cost nothing: whoever makes many of them must not push out what is counted of addresses.
  const byDevice = createRecent<Count>(bounds);

  function placeOf({ peer, deviceId }: Guesser, kind: CredentialKind) {
    if (kind === "deviceToken" && deviceId !== undefined) return { counts: byDevice, key: deviceId };
    return { counts: byAddress, key: `${kind} ${addressGroup(peer.address)}` };
  }

  return {
    waitMs(guesser, kind) {
      const { counts, key } = placeOf(guesser, kind);
      const count = counts.find(key);
      if (count === undefined) return 0;
      const locked = count.lockedUntil - now();
      // Directly from this machine there is no pace: its own programs would only slow each other down.
      return Math.max(0, locked, guesser.peer.isLocal ? 0 : paceWait(count, now()));
    },
    failed(guesser, kind, limit) {
      const { counts, key } = placeOf(guesser, kind);
      const count = counts.find(key) ?? { failures: 0, countedUntil: 0, lockedUntil: 0, locks: 0, paceFullAt: 0 };
      countFailure(count, now(), limit);
      counts.add(key, count);
      return Math.max(0, count.lockedUntil - now());
    },
    succeeded(guesser, kind) {
      const { counts, key } = placeOf(guesser, kind);
      counts.remove(key);
    },
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
