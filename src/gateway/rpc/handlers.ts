// All methods of the gateway; the tables in protocol/methods make a missing one an error of compilation.
import type { MethodHandlers } from "../../protocol/methods.ts";
import type { CallContext } from "../dispatch.ts";
import { createChannelMethods } from "./channels.ts";
import { createChatMethods } from "./chat/chat.ts";
import { createDeviceMethods } from "./devices.ts";
import { createInfoMethods } from "./info.ts";
import { createNodeMethods } from "./nodes.ts";
import { createOperatingMethods } from "./operating.ts";
import type { Parts } from "./parts.ts";
import { createRunMethods } from "./runs.ts";
import { createSessionMethods } from "./sessions/sessions.ts";

export function createHandlers(parts: Parts): MethodHandlers<CallContext> {
  const runs = createRunMethods(parts.edge, parts.runs);
  return {
    ...createInfoMethods(parts),
    ...runs,
    ...createChatMethods(parts),
    ...createSessionMethods({ ...parts, chat: runs }),
    ...createOperatingMethods(parts.edge, runs),
    ...createDeviceMethods({ devices: parts.edge.devices, isConnected: parts.isConnected }),
    ...createNodeMethods(parts.edge),
    ...createChannelMethods(parts.edge),
  };
}
