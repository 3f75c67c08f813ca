// The desk: what people decide about devices. Nobody decides about themselves, or about more than they hold.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { DeviceRow } from "../../store/store.ts";
import type { DeviceDesk, PairedDevice } from "../pairing.ts";
import { allScopes, createAuthority, nameOf, record, requireScopes } from "./authority.ts";
import type { Ground } from "./create.ts";
import { createTokenDesk } from "./token-desk.ts";

export function createDesk(ground: Ground): DeviceDesk {
  const { store, tell } = ground;
  const authority = createAuthority(ground);
  const { decideAbout, end, found } = authority;

  async function withTokens(device: DeviceRow): Promise<PairedDevice> {
    return { ...device, tokens: await store.tokens(device.deviceId) };
  }

  return {
    ...createTokenDesk(ground, authority),
    async list() {
      const [pending, devices] = [await store.requests(), await store.list()];
      return { pending, paired: await Promise.all(devices.map(withTokens)) };
    },
    async approve(requestId, by) {
      const request = await store.findRequest(requestId);
      if (request === undefined) throw notWaiting();
      const { deviceId, role, scopes } = request;
      if (by.kind === "device" && by.deviceId === deviceId)
        throw new LoricaError(
          "forbidden",
          "a device does not approve itself; use another one, or: lorica devices approve",
        );
      const before = await store.find(deviceId);
      requireScopes(by, before === undefined ? scopes : [...scopes, ...allScopes(before)]);
      const approval = { via: by.kind, by: nameOf(by), devicesMax: limits.devicesMax };
      const device = await store.approve(requestId, approval);
      if (device === undefined) throw notWaiting();
      if (device === "full")
        throw new LoricaError("conflict", `${limits.devicesMax} devices are paired; remove one first`);
      record(ground, by, {
        verdict: "allow",
        resource: `request ${requestId}: device ${deviceId} ${role} ${scopes.join(" ")}`,
      });
      tell({ kind: "resolved", requestId, deviceId, decision: "approved" });
      return await withTokens(device);
    },
    async reject(requestId, by) {
      const request = await store.reject(requestId);
      if (request === undefined) throw notWaiting();
      const { deviceId } = request;
      record(ground, by, { verdict: "deny", resource: `request ${requestId}: device ${deviceId}` });
      tell({ kind: "resolved", requestId, deviceId, decision: "rejected" });
      return request;
    },
    async rename(deviceId, label, by) {
      await decideAbout(deviceId, by);
      const device = await store.rename(deviceId, label);
      if (device === undefined) return await withTokens(await found(deviceId));
      record(ground, by, { verdict: "allow", resource: `device ${deviceId}: named ${label}` });
      return await withTokens(device);
    },
    async remove(deviceId, by) {
      await decideAbout(deviceId, by);
      await store.remove(deviceId);
      record(ground, by, { verdict: "deny", resource: `device ${deviceId}: removed` });
      await end({ deviceId }, by);
    },
  };
}

function notWaiting(): LoricaError {
  const message =
    "no such request waits: it has expired, was decided, or asks for something else by now. See: lorica devices list";
  return new LoricaError("not_found", message);
}
