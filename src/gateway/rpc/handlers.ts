// All methods of the gateway; the tables in protocol/methods make a missing one an error of compilation.
import type { MethodHandlers } from "../../protocol/methods.ts";
import type { CallContext } from "../dispatch.ts";
import { createChannelMethods } from "./channels.ts";
import { createDeviceMethods } from "./devices.ts";
import { createHistoryMethods } from "./history.ts";
import { createInfoMethods } from "./info.ts";
import { createNodeMethods } from "./nodes.ts";
import type { Parts } from "./parts.ts";
import { createRunMethods } from "./runs.ts";
import { createSessionMethods } from "./sessions.ts";

export function createHandlers(parts: Parts): MethodHandlers<CallContext> {
  return {
    ...createInfoMethods(parts.edge, parts.connections),
    ...createRunMethods(parts.edge, parts.runs),
    ...createHistoryMethods(parts.edge),
    ...createSessionMethods(parts),
    ...createDeviceMethods({ devices: parts.edge.devices, isConnected: parts.isConnected }),
    ...createNodeMethods(parts.edge),
    ...createChannelMethods(),
  };
}
