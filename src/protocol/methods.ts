// The methods of the gateway: one table, gathered from one file for each area, says what each takes, what it answers and
// which scope it asks for. Handlers are typed by it, so that one too many, one too few or a wrong answer does not compile;
// docs/methods.md is printed from it.
import { agentMethods } from "./methods/agents.ts";
import { approvalMethods } from "./methods/approvals.ts";
import { automationMethods } from "./methods/automation.ts";
import { channelMethods } from "./methods/channels.ts";
import { chatMethods } from "./methods/chat.ts";
import { configMethods } from "./methods/config.ts";
import { deviceMethods } from "./methods/devices.ts";
import { infoMethods } from "./methods/info.ts";
import { nodeMethods } from "./methods/nodes.ts";
import { runMethods } from "./methods/runs.ts";
import { sessionMethods } from "./methods/sessions.ts";
import type { HandlersOf, ParamsIn, ResultIn } from "./methods/kit.ts";

export const methods = {
  ...infoMethods,
  ...runMethods,
  ...chatMethods,
  ...sessionMethods,
  ...agentMethods,
  ...configMethods,
  ...deviceMethods,
  ...nodeMethods,
  ...approvalMethods,
  ...channelMethods,
  ...automationMethods,
} as const;

export type MethodName = keyof typeof methods;

export type ParamsOf<M extends MethodName> = ParamsIn<(typeof methods)[M]>;

export type ResultOf<M extends MethodName> = ResultIn<(typeof methods)[M]>;

/** One handler for each method of the table. `C` is what the server hands to every one of them. */
export type MethodHandlers<C> = HandlersOf<typeof methods, C>;
