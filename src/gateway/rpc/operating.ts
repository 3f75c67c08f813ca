// The methods on how the gateway is run: agents, configuration, what waits for the owner, what happens by itself.
import type { MethodHandlers } from "../../protocol/methods.ts";
import type { CallContext } from "../dispatch.ts";
import type { Edge } from "../edge.ts";
import { createAgentMethods } from "./agents/agents.ts";
import { createApprovalMethods } from "./approvals.ts";
import { createAutomationMethods } from "./automation.ts";
import { createConfigMethods } from "./config/config.ts";

export function createOperatingMethods(edge: Edge, chat: Pick<MethodHandlers<CallContext>, "chat.send">) {
  return {
    ...createAgentMethods(edge),
    ...createConfigMethods(edge),
    ...createApprovalMethods(),
    ...createAutomationMethods(chat),
  };
}
