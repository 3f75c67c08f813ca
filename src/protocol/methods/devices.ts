// catalogue
// The methods on devices: who may connect, and with which token. Nobody decides about more than they hold, which only the
// handlers can know.
import { z } from "zod";
import type * as shapes from "../shapes/devices.ts";
import { method, name, none } from "./kit.ts";

const pairing = "operator.pairing";
const deviceId = z.string().min(1).max(128);
const requestId = z.string().min(1).max(128);
const role = z.enum(["operator", "node"]);
const decides = "pairing, and whatever the device has or asks for";

export const deviceMethods = {
  "device.pair.list": method<shapes.DeviceList>()({
    summary: "The devices that wait for approval, and those that were approved.",
    scope: pairing,
    params: none,
  }),
  "device.pair.approve": method<{ readonly requestId: string; readonly device: shapes.PairedDeviceRow }>()({
    summary: "Lets a device in with exactly what its request asks for.",
    scope: pairing,
    scopeNote: decides,
    params: z.strictObject({ requestId }),
  }),
  "device.pair.reject": method<{ readonly requestId: string; readonly deviceId: string }>()({
    summary: "Takes a request off the list. The device may ask again.",
    scope: pairing,
    params: z.strictObject({ requestId }),
  }),
  "device.pair.rename": method<{ readonly deviceId: string; readonly label: string }>()({
    summary: "Names a device.",
    scope: pairing,
    scopeNote: decides,
    params: z.strictObject({ deviceId, label: z.string().trim().min(1).max(64) }),
  }),
  "device.pair.remove": method<{ readonly deviceId: string }>()({
    summary: "Sends a device away: its tokens end, its connections are closed, and it has to ask again.",
    scope: pairing,
    scopeNote: decides,
    params: z.strictObject({ deviceId }),
  }),
  "device.token.rotate": method<shapes.RotatedTokenResult>()({
    summary: "Ends a device's tokens and its connections. The new token is shown to that device and to the owner only.",
    scope: pairing,
    scopeNote: decides,
    params: z.strictObject({ deviceId, role, scopes: z.array(name).max(32).optional() }),
  }),
  "device.token.revoke": method<{ readonly deviceId: string; readonly role: string; readonly revokedAtMs: number }>()({
    summary: "Ends a device's tokens and its connections. It stays paired: with the shared secret it gets another.",
    scope: pairing,
    scopeNote: decides,
    params: z.strictObject({ deviceId, role }),
  }),
} as const;
