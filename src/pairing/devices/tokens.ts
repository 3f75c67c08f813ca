// The tokens of devices: 32 random bytes that only the device has, bound to it, to a role and to scopes, and expiring.
import { randomBytes } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { equalInConstantTime, sha256 } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import type { DeviceRole, DeviceStore, DeviceTokenRow } from "../../store/store.ts";

export type IssuedToken = { readonly token: string; readonly issuedAtMs: number };

export type Tokens = {
  /** Undefined where the device has lost the role in the meantime. */
  issue(about: {
    readonly deviceId: string;
    readonly role: DeviceRole;
    readonly scopes: readonly string[];
  }): Promise<IssuedToken | undefined>;
  find(shown: string): Promise<DeviceTokenRow | undefined>;
  /** A token past half its life is replaced while it still works. */
  isOld(token: DeviceTokenRow): boolean;
};

export function createTokens({ store, clock }: { readonly store: DeviceStore; readonly clock: Clock }): Tokens {
  return {
    async issue({ deviceId, role, scopes }) {
      const token = randomBytes(32).toString("base64url");
      const createdAt = clock.now();
      const row: DeviceTokenRow = {
        hash: sha256(token),
        deviceId,
        role,
        scopes,
        createdAt,
        expiresAt: createdAt + limits.deviceTokenMs,
        lastUsedAt: undefined,
      };
      const kept = await store.addToken(row, limits.deviceTokensMax);
      return kept ? { token, issuedAtMs: createdAt } : undefined;
    },
    async find(shown) {
      // Found by its hash, of which nobody can choose a prefix; the comparison that decides takes the same time for all.
      const hash = sha256(shown);
      const row = await store.findToken(hash);
      return row !== undefined && equalInConstantTime(row.hash, hash) ? row : undefined;
    },
    isOld: ({ createdAt, expiresAt }) => clock.now() >= createdAt + (expiresAt - createdAt) / 2,
  };
}
