// What happens to devices, told to whoever decides about them; and the end of connections whose device lost its place.
import type { DeviceDoor } from "../../pairing/pairing.ts";
import { requestEvent } from "./device-rows.ts";
import type { Connections } from "./connections.ts";

const accessChanged = { code: 4001, reason: "access changed: sign in again" };

/** Answers what ends it. */
export function watchDevices(
  devices: Pick<DeviceDoor, "watch">,
  connections: Pick<Connections, "publish" | "endWhere">,
  now: () => number,
): () => void {
  return devices.watch((change) => {
    if (change.kind === "requested")
      return connections.publish("device.pair.requested", requestEvent(change.request), { needed: true });
    if (change.kind === "resolved") {
      const { requestId, deviceId, decision } = change;
      return connections.publish(
        "device.pair.resolved",
        { requestId, deviceId, decision, ts: now() },
        { needed: true },
      );
    }
    const { deviceId, role } = change;
    connections.endWhere(
      ({ session }) => session.deviceId === deviceId && (role === undefined || session.role === role),
      accessChanged,
    );
  });
}
