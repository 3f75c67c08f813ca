// The tokens of devices, by their hashes.
import type { Ground } from "../rows.ts";
import { fromJson, orUndefined, toJson } from "../rows.ts";
import type { DeviceRole, DeviceTokenRow } from "./port.ts";

type TokenColumns = {
  readonly hash: string;
  readonly device_id: string;
  readonly role: DeviceRole;
  readonly scopes: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly last_used_at: number | null;
};

export function tokenTable({ database, clock, epoch }: Ground) {
  const byHash = database.query<TokenColumns>("SELECT * FROM device_tokens WHERE hash = :hash AND expires_at > :now");
  const ofDevice = database.query<TokenColumns>(
    "SELECT * FROM device_tokens WHERE device_id = :deviceId AND expires_at > :now ORDER BY position DESC",
  );
  const insert = database.query(`
    INSERT INTO device_tokens (hash, device_id, role, scopes, epoch, created_at, expires_at)
    VALUES (:hash, :deviceId, :role, :scopes, :epoch, :createdAt, :expiresAt)`);
  const deleteExpired = database.query("DELETE FROM device_tokens WHERE expires_at <= :now");
  const deleteOldest = database.query(`
    DELETE FROM device_tokens WHERE position IN (SELECT position FROM device_tokens
      WHERE device_id = :deviceId AND role = :role ORDER BY position DESC LIMIT -1 OFFSET :keepMax)`);
  const deleteRole = database.query("DELETE FROM device_tokens WHERE device_id = :deviceId AND role = :role");
  const deleteOf = database.query("DELETE FROM device_tokens WHERE device_id = :deviceId");
  const setScopes = database.query("UPDATE device_tokens SET scopes = :scopes WHERE hash = :hash");
  const setUsed = database.query(`
    UPDATE device_tokens SET last_used_at = :now WHERE hash = :hash AND device_id = :deviceId AND expires_at > :now`);
  return {
    find(hash: string): DeviceTokenRow | undefined {
      const row = byHash.get({ hash, now: clock.now() });
      return row === undefined ? undefined : toToken(row);
    },
    of: (deviceId: string) => ofDevice.all({ deviceId, now: clock.now() }).map(toToken),
    add({ hash, deviceId, role, scopes, createdAt, expiresAt }: DeviceTokenRow, keepMax: number): void {
      deleteExpired.run({ now: clock.now() });
      insert.run({ hash, deviceId, role, scopes: toJson(scopes), epoch, createdAt, expiresAt });
      deleteOldest.run({ deviceId, role, keepMax });
    },
    widen(deviceId: string, role: DeviceRole, more: readonly string[]): void {
      for (const row of ofDevice.all({ deviceId, now: clock.now() }).filter((each) => each.role === role))
        setScopes.run({ hash: row.hash, scopes: toJson(union(toToken(row).scopes, more)) });
    },
    used: (hash: string, deviceId: string) => setUsed.run({ hash, deviceId, now: clock.now() }) === 1,
    drop: (deviceId: string, role: DeviceRole) => deleteRole.run({ deviceId, role }),
    dropAll: (deviceId: string) => deleteOf.run({ deviceId }),
  };
}

function toToken(row: TokenColumns): DeviceTokenRow {
  return {
    hash: row.hash,
    deviceId: row.device_id,
    role: row.role,
    scopes: fromJson<string[]>(row.scopes),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: orUndefined(row.last_used_at),
  };
}

export function union(held: readonly string[], more: readonly string[]): readonly string[] {
  return [...new Set([...held, ...more])].toSorted();
}
