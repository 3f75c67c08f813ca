// The methods on devices.
import type { HandlersOf } from "../../protocol/methods/kit.ts";
import type { deviceMethods } from "../../protocol/methods/devices.ts";
import type { CallContext } from "../dispatch.ts";

export function createDeviceMethods(): HandlersOf<typeof deviceMethods, CallContext> {
  return {};
}
