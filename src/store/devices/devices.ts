// The devices that were let in, a row each.
import { assert } from "../../base/errors.ts";
import type { Ground } from "../rows.ts";
import { fromJson, orUndefined, toJson } from "../rows.ts";
import type { Approval, ApprovedVia, DeviceDescription, DeviceRoles, DeviceRow } from "./port.ts";

type DeviceColumns = {
  readonly device_id: string;
  readonly about: string;
  readonly label: string | null;
  readonly roles: string;
  readonly approved_via: ApprovedVia;
  readonly approved_by: string;
  readonly created_at: number;
  readonly approved_at: number;
  readonly last_seen_at: number | null;
  readonly last_seen_reason: string | null;
  readonly last_address: string | null;
};

export function deviceTable({ database, clock, epoch }: Ground) {
  const byId = database.query<DeviceColumns>("SELECT * FROM devices WHERE device_id = :deviceId");
  const everything = database.query<DeviceColumns>(
    "SELECT * FROM devices ORDER BY coalesce(last_seen_at, approved_at) DESC, device_id",
  );
  const counted = database.query<{ count: number }>("SELECT count(*) AS count FROM devices");
  const upsert = database.query(`
    INSERT INTO devices (device_id, about, roles, approved_via, approved_by, epoch, created_at, approved_at)
    VALUES (:deviceId, :about, :roles, :via, :by, :epoch, :now, :now)
    ON CONFLICT (device_id) DO UPDATE SET about = excluded.about, roles = excluded.roles,
      approved_via = excluded.approved_via, approved_by = excluded.approved_by, approved_at = excluded.approved_at`);
  const deleteOne = database.query("DELETE FROM devices WHERE device_id = :deviceId");
  const setLabel = database.query("UPDATE devices SET label = :label WHERE device_id = :deviceId");
  const setSeen = database.query(`
    UPDATE devices SET last_seen_at = :now, last_seen_reason = :reason, last_address = coalesce(:address, last_address)
    WHERE device_id = :deviceId`);

  const find = (deviceId: string): DeviceRow | undefined => {
    const row = byId.get({ deviceId });
    return row === undefined ? undefined : toDevice(row);
  };
  return {
    find,
    all: () => everything.all().map(toDevice),
    count: () => counted.get()?.count ?? 0,
    save(about: DeviceDescription, roles: DeviceRoles, { via, by }: Approval): DeviceRow {
      const { deviceId } = about;
      upsert.run({ deviceId, about: aboutOf(about), roles: toJson(roles), via, by, epoch, now: clock.now() });
      const saved = find(deviceId);
      assert(saved !== undefined, "a device that was written is there");
      return saved;
    },
    drop: (deviceId: string) => deleteOne.run({ deviceId }),
    rename(deviceId: string, label: string): DeviceRow | undefined {
      setLabel.run({ deviceId, label });
      return find(deviceId);
    },
    seen: (deviceId: string, reason: string, address: string | undefined) =>
      setSeen.run({ deviceId, reason, address: address ?? null, now: clock.now() }) === 1,
  };
}

type About = Omit<DeviceDescription, "deviceId">;

function aboutOf(device: DeviceDescription): string {
  const { publicKey, displayName, clientId, clientMode, platform, deviceFamily } = device;
  return toJson({ publicKey, displayName, clientId, clientMode, platform, deviceFamily } satisfies About);
}

function toDevice(row: DeviceColumns): DeviceRow {
  const about = fromJson<About>(row.about);
  return {
    deviceId: row.device_id,
    ...about,
    displayName: about.displayName,
    label: orUndefined(row.label),
    roles: fromJson<DeviceRoles>(row.roles),
    approvedVia: row.approved_via,
    approvedBy: row.approved_by,
    createdAt: row.created_at,
    approvedAt: row.approved_at,
    lastSeenAt: orUndefined(row.last_seen_at),
    lastSeenReason: orUndefined(row.last_seen_reason),
    lastAddress: orUndefined(row.last_address),
  };
}
