// Devices as clients see them. What is not known is left out: their schemas take no empty text.
import type { PairedDevice } from "../../pairing/pairing.ts";
import type { DeviceRequestEvent, DeviceRequestRow, PairedDeviceRow } from "../../protocol/shapes/devices.ts";
import type { DeviceDescription, DeviceRequestRow as StoredRequest } from "../../store/store.ts";

export function requestEvent(request: StoredRequest): DeviceRequestEvent {
  const { id, role, scopes, reason, address, origin, createdAt } = request;
  return {
    requestId: id,
    ...aboutOf(request),
    role,
    roles: [role],
    scopes,
    ...unlessEmpty("browserOrigin", origin),
    ...unlessEmpty("remoteIp", address),
    silent: false,
    isRepair: reason !== "not-paired",
    ts: createdAt,
  };
}

export function requestRow(request: StoredRequest): DeviceRequestRow {
  return { ...requestEvent(request), reason: request.reason, expiresAtMs: request.expiresAt };
}

export function pairedRow(device: PairedDevice, connected: boolean): PairedDeviceRow {
  const roles = Object.keys(device.roles);
  return {
    ...aboutOf(device),
    ...unlessEmpty("label", device.label),
    role: roles[0] ?? "operator",
    roles,
    scopes: [...new Set(Object.values(device.roles).flat())],
    approvedVia: device.approvedVia,
    approvedBy: device.approvedBy,
    createdAtMs: device.createdAt,
    approvedAtMs: device.approvedAt,
    ...unlessEmpty("lastSeenAtMs", device.lastSeenAt),
    ...unlessEmpty("lastSeenReason", device.lastSeenReason),
    ...unlessEmpty("remoteIp", device.lastAddress),
    connected,
    tokens: device.tokens.map((token) => ({
      role: token.role,
      scopes: token.scopes,
      createdAtMs: token.createdAt,
      expiresAtMs: token.expiresAt,
      ...unlessEmpty("lastUsedAtMs", token.lastUsedAt),
    })),
  };
}

function aboutOf(device: DeviceDescription) {
  const { deviceId, publicKey, clientId, clientMode } = device;
  return {
    deviceId,
    publicKey,
    clientId,
    clientMode,
    ...unlessEmpty("displayName", device.displayName),
    ...unlessEmpty("platform", device.platform),
    ...unlessEmpty("deviceFamily", device.deviceFamily),
  };
}

function unlessEmpty<K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined || value === "" ? {} : ({ [name]: value } as Record<K, V>);
}
