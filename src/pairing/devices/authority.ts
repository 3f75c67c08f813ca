// Who may decide about which device, and how what was taken away is ended.
import { setImmediate as nextTurn } from "node:timers/promises";
import { LoricaError } from "../../base/errors.ts";
import { holdsScope, isScope } from "../../protocol/scopes.ts";
import type { DeviceRole, DeviceRow } from "../../store/store.ts";
import type { Decider } from "../pairing.ts";
import type { Ground } from "./create.ts";

export type Authority = {
  /** The device; throws where it is not there. */
  found(deviceId: string): Promise<DeviceRow>;
  /** The same, and `by` may decide about it; throws where not. */
  decideAbout(deviceId: string, by: Decider): Promise<DeviceRow>;
  /** Ends the connections of a device, in one role or in all. */
  end(about: { readonly deviceId: string; readonly role?: DeviceRole }, by: Decider): Promise<void>;
};

export function createAuthority({ store, tell }: Ground): Authority {
  async function found(deviceId: string): Promise<DeviceRow> {
    const device = await store.find(deviceId);
    if (device !== undefined) return device;
    throw new LoricaError("not_found", "no such device is paired; see: lorica devices list");
  }

  return {
    found,
    async decideAbout(deviceId, by) {
      const device = await found(deviceId);
      if (by.kind === "owner" || by.deviceId !== deviceId) requireScopes(by, allScopes(device));
      return device;
    },
    async end({ deviceId, role }, by) {
      // One turn of the event loop later, because by then whoever was being let in while the store was written is among
      // the connections; and the decider's own end only once its answer has left.
      const ended = nextTurn().then(() => tell({ kind: "invalidated", deviceId, role }));
      if (by.kind === "owner" || by.deviceId !== deviceId) await ended;
    },
  };
}

export function requireScopes(by: Decider, scopes: readonly string[]): void {
  if (by.kind === "owner") return;
  const missing = scopes.filter((scope) => isScope(scope) && !holdsScope(by.scopes, scope));
  if (missing.length === 0) return;
  const details = { code: "MISSING_SCOPE", missingScope: missing[0], requiredScopes: missing };
  throw new LoricaError("forbidden", `missing scope: ${missing[0]}: nobody decides about more than they hold`, {
    details,
  });
}

export function allScopes(device: DeviceRow): readonly string[] {
  return Object.values(device.roles).flat();
}

export function nameOf(by: Decider): string {
  return by.kind === "owner" ? "owner" : `device:${by.deviceId}`;
}

export function record(
  { audit, log }: Ground,
  by: Decider,
  what: { readonly verdict: "allow" | "deny"; readonly resource: string },
): void {
  audit.record({ kind: "pairing", rule: "devices", actor: nameOf(by), ...what });
  log.info("somebody decided about a device", { by: nameOf(by), what: what.resource });
}
