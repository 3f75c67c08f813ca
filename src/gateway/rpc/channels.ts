// The methods on channels.
import type { HandlersOf } from "../../protocol/methods/kit.ts";
import type { channelMethods } from "../../protocol/methods/channels.ts";
import type { CallContext } from "../dispatch.ts";

export function createChannelMethods(): HandlersOf<typeof channelMethods, CallContext> {
  return {};
}
