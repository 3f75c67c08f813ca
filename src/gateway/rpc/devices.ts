// The methods on devices: who asks is read off the connection, and the desk decides whether they may.
import { LoricaError } from "../../base/errors.ts";
import type { Decider, Devices } from "../../pairing/pairing.ts";
import type { HandlersOf } from "../../protocol/methods/kit.ts";
import type { deviceMethods } from "../../protocol/methods/devices.ts";
import type { CallContext } from "../dispatch.ts";
import { pairedRow, requestRow } from "../connections/device-rows.ts";

export function createDeviceMethods({
  devices,
  isConnected,
}: {
  readonly devices: Devices;
  readonly isConnected: (deviceId: string) => boolean;
}): HandlersOf<typeof deviceMethods, CallContext> {
  return {
    async "device.pair.list"() {
      const { pending, paired } = await devices.list();
      return {
        pending: pending.map(requestRow),
        paired: paired.map((device) => pairedRow(device, isConnected(device.deviceId))),
      };
    },
    async "device.pair.approve"({ requestId }, context) {
      const device = await devices.approve(requestId, deciderOf(context));
      return { requestId, device: pairedRow(device, isConnected(device.deviceId)) };
    },
    async "device.pair.reject"({ requestId }, context) {
      const { deviceId } = await devices.reject(requestId, deciderOf(context));
      return { requestId, deviceId };
    },
    async "device.pair.rename"({ deviceId, label }, context) {
      await devices.rename(deviceId, label, deciderOf(context));
      return { deviceId, label };
    },
    async "device.pair.remove"({ deviceId }, context) {
      await devices.remove(deviceId, deciderOf(context));
      return { deviceId };
    },
    async "device.token.rotate"({ deviceId, role, scopes }, context) {
      const { token, ...rotated } = await devices.rotate({ deviceId, role, scopes }, deciderOf(context));
      if (token === undefined) return { deviceId, role, ...rotated, tokenDelivery: "withheld-cross-device" };
      return { deviceId, role, ...rotated, token, tokenDelivery: "in-band" };
    },
    async "device.token.revoke"({ deviceId, role }, context) {
      const { revokedAtMs } = await devices.revoke({ deviceId, role }, deciderOf(context));
      return { deviceId, role, revokedAtMs };
    },
  };
}

/** Behind the owner's own socket it is the owner; over the network it is a device, or nobody. */
function deciderOf({ call, door }: CallContext): Decider {
  if (door === "local") return { kind: "owner" };
  const session = call.connection.client()?.session;
  if (session?.deviceId === undefined) throw new LoricaError("forbidden", "only a paired device decides about devices");
  return { kind: "device", deviceId: session.deviceId, scopes: session.scopes };
}
