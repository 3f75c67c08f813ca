// Devices that wait for the owner's yes, for a few minutes each.
import type { Ground } from "../rows.ts";
import { fromJson, toJson } from "../rows.ts";
import type { DeviceRequestRow, DeviceStore } from "./port.ts";

export function requestTable({ database, clock, epoch }: Ground) {
  type Row = { readonly body: string };
  const byId = database.query<Row>("SELECT body FROM device_requests WHERE id = :id AND expires_at > :now");
  const byDevice = database.query<Row>("SELECT body FROM device_requests WHERE device_id = :deviceId");
  const everything = database.query<Row>(
    "SELECT body FROM device_requests WHERE expires_at > :now ORDER BY created_at, id",
  );
  const counted = database.query<{ total: number; ofAddress: number }>(`
    SELECT count(*) AS total, count(*) FILTER (WHERE address = :address) AS ofAddress FROM device_requests`);
  const deleteExpired = database.query("DELETE FROM device_requests WHERE expires_at <= :now");
  const deleteOne = database.query("DELETE FROM device_requests WHERE id = :id");
  const deleteOf = database.query("DELETE FROM device_requests WHERE device_id = :deviceId");
  const insert = database.query(`
    INSERT INTO device_requests (id, device_id, body, address, epoch, created_at, expires_at)
    VALUES (:id, :deviceId, :body, :address, :epoch, :createdAt, :expiresAt)`);
  const parse = (row: Row | undefined): DeviceRequestRow | undefined =>
    row === undefined ? undefined : toRequest(row.body);

  return {
    find: (id: string) => parse(byId.get({ id, now: clock.now() })),
    all: () => everything.all({ now: clock.now() }).map(({ body }) => toRequest(body)),
    drop: (id: string) => deleteOne.run({ id }),
    dropOf: (deviceId: string) => deleteOf.run({ deviceId }),
    ask(request: DeviceRequestRow, bounds: Parameters<DeviceStore["ask"]>[1]): Awaited<ReturnType<DeviceStore["ask"]>> {
      deleteExpired.run({ now: clock.now() });
      const { id, deviceId, address, createdAt, expiresAt } = request;
      const before = parse(byDevice.get({ deviceId }));
      if (before !== undefined && contentOf(before) === contentOf(toRequest(toJson(request))))
        return { kind: "known", request: before, replaced: undefined };
      deleteOf.run({ deviceId });
      const { total, ofAddress } = counted.get({ address }) ?? { total: 0, ofAddress: 0 };
      if (total >= bounds.totalMax || ofAddress >= bounds.addressMax) return { kind: "full" };
      insert.run({ id, deviceId, body: toJson(request), address, epoch, createdAt, expiresAt });
      return { kind: "new", request, replaced: before };
    },
  };
}

/** Everything that a person decides by. */
function contentOf({ id: _id, createdAt: _created, expiresAt: _expires, ...content }: DeviceRequestRow): string {
  return toJson(Object.entries(content).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

function toRequest(body: string): DeviceRequestRow {
  const request = fromJson<DeviceRequestRow>(body);
  // JSON has no word for what is not there.
  return { ...request, displayName: request.displayName, origin: request.origin };
}
