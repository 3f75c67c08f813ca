// Tokens as people decide about them: another in place of all, or none.
import { LoricaError } from "../../base/errors.ts";
import { holdsScope, isScope } from "../../protocol/scopes.ts";
import type { DeviceRole, DeviceRow } from "../../store/store.ts";
import type { Decider, DeviceDesk } from "../pairing.ts";
import { record, requireScopes } from "./authority.ts";
import type { Authority } from "./authority.ts";
import type { Ground } from "./create.ts";

export function createTokenDesk(ground: Ground, authority: Authority): Pick<DeviceDesk, "rotate" | "revoke"> {
  const { store } = ground;
  const { decideAbout, end } = authority;
  return {
    async rotate({ deviceId, role, scopes }, by) {
      const device = await decideAbout(deviceId, by);
      const wanted = rotatedScopes(device, { role, scopes }, by);
      await store.dropTokens(deviceId, role);
      const isOther = by.kind === "device" && by.deviceId !== deviceId;
      // Nobody could ever use a token that is told to nobody; the device gets its own when it next signs in.
      const issued = isOther ? undefined : await ground.tokens.issue({ deviceId, role, scopes: wanted });
      record(ground, by, {
        verdict: "allow",
        resource: `device ${deviceId}: ${role} token rotated ${wanted.join(" ")}`,
      });
      await end({ deviceId, role }, by);
      return { scopes: wanted, rotatedAtMs: ground.clock.now(), token: issued?.token };
    },
    async revoke({ deviceId, role }, by) {
      await decideAbout(deviceId, by);
      await store.dropTokens(deviceId, role);
      record(ground, by, { verdict: "deny", resource: `device ${deviceId}: ${role} tokens revoked` });
      await end({ deviceId, role }, by);
      return { revokedAtMs: ground.clock.now() };
    },
  };
}

/** Never more than was approved, and never more than the asking connection has itself. */
function rotatedScopes(
  device: DeviceRow,
  { role, scopes }: { readonly role: DeviceRole; readonly scopes: readonly string[] | undefined },
  by: Decider,
): readonly string[] {
  const approved = device.roles[role];
  if (approved === undefined) throw new LoricaError("not_found", `the device was not approved as ${role}`);
  const held = approved.filter(isScope);
  if (scopes === undefined)
    return by.kind === "owner" ? approved : held.filter((scope) => holdsScope(by.scopes, scope));
  const excess = scopes.find((scope) => !isScope(scope) || !holdsScope(held, scope));
  if (excess !== undefined)
    throw new LoricaError("forbidden", `the device was not approved for ${excess.slice(0, 64)}; it must ask for it`);
  requireScopes(by, scopes);
  return [...new Set(scopes)].toSorted();
}
