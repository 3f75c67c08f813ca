// The store's port for devices: each operation is one transaction, so that a yes is never half given.
import { createForgetNode } from "../nodes/nodes.ts";
import type { Ground } from "../rows.ts";
import { deviceTable } from "./devices.ts";
import type { Approval, DeviceDescription, DeviceRole, DeviceRow, DeviceStore } from "./port.ts";
import { requestTable } from "./requests.ts";
import { tokenTable, union } from "./tokens.ts";

export function createDevices(ground: Ground): DeviceStore {
  const { database } = ground;
  const devices = deviceTable(ground);
  const requests = requestTable(ground);
  const tokens = tokenTable(ground);

  const grant = createGrant(devices, tokens);
  const forgetNode = createForgetNode(ground);

  return {
    find: (deviceId) => database.read(() => devices.find(deviceId)),
    list: () => database.read(() => devices.all()),
    requests: () => database.read(() => requests.all()),
    findRequest: (id) => database.read(() => requests.find(id)),
    ask: (request, bounds) => database.write(() => requests.ask(request, bounds)),
    approve: (requestId, approval) =>
      database.write(() => {
        const request = requests.find(requestId);
        if (request === undefined) return undefined;
        const granted = grant(request, request, approval);
        if (granted !== "full") requests.drop(requestId);
        return granted;
      }),
    admit: (device, { role, scopes, ...approval }) =>
      database.write(() => {
        const granted = grant(device, { role, scopes }, approval);
        if (granted !== "full") requests.dropOf(device.deviceId);
        return granted;
      }),
    reject: (requestId) =>
      database.write(() => {
        const request = requests.find(requestId);
        requests.drop(requestId);
        return request;
      }),
    remove: (deviceId) =>
      database.write(() => {
        const device = devices.find(deviceId);
        devices.drop(deviceId);
        tokens.dropAll(deviceId);
        requests.dropOf(deviceId);
        // What it was let do as a node too: the same key that comes back some day is let in anew, and to nothing yet.
        forgetNode(deviceId);
        return device;
      }),
    rename: (deviceId, label) => database.write(() => devices.rename(deviceId, label)),
    addToken: (token, keepMax) =>
      database.write(() => {
        if (devices.find(token.deviceId)?.roles[token.role] === undefined) return false;
        tokens.add(token, keepMax);
        return true;
      }),
    tokens: (deviceId) => database.read(() => tokens.of(deviceId)),
    findToken: (hash) => database.read(() => tokens.find(hash)),
    dropTokens: (deviceId, role) => database.write(() => void tokens.drop(deviceId, role)),
    seen: (deviceId, visit) =>
      // Nobody was told of anything by it: a power cut may take it back.
      database.write(() => {
        if (visit.tokenHash !== undefined && !tokens.used(visit.tokenHash, deviceId)) return false;
        return devices.seen(deviceId, visit.reason, visit.address);
      }, "ordered"),
  };
}

type Wish = { readonly role: DeviceRole; readonly scopes: readonly string[] };

/** What it answers must be called inside a write. */
function createGrant(devices: ReturnType<typeof deviceTable>, tokens: ReturnType<typeof tokenTable>) {
  return (about: DeviceDescription, { role, scopes }: Wish, approval: Approval): DeviceRow | "full" => {
    const before = devices.find(about.deviceId);
    if (before === undefined && devices.count() >= approval.devicesMax) return "full";
    // Its tokens get the same, so that a client without the shared secret is not shut out by a yes; and no more than
    // that, because one of them may have been narrowed on purpose.
    tokens.widen(about.deviceId, role, scopes);
    return devices.save(about, { ...before?.roles, [role]: union(before?.roles[role] ?? [], scopes) }, approval);
  };
}
