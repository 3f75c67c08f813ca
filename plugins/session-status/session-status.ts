// The tool that tells the model about its own session: model, context, cost, sandbox.
import { z } from "zod";
import { definePlugin } from "../../src/plugin/plugin.ts";
import type { PluginDefinition } from "../../src/plugin/plugin.ts";
import { defineTool, textOutput } from "../../src/tool/tool.ts";
import type { Tool } from "../../src/tool/tool.ts";

const timeoutMs = 10_000;

const sessionStatusTool: Tool = defineTool({
  name: "session_status",
  description: "This session: model, context use, cost, sandbox.",
  input: z.object({}),
  sideEffect: "none",
  output: "own",
  timeoutMs,
  // Its own session and no other: what is asked for is not the model's to choose.
  propose: (_input, caller) => ({
    verb: "session.inspect",
    agentId: caller.agentId,
    sessionKey: caller.sessionKey,
    principal: caller.principal,
    label: caller.label,
    resource: { sessionKey: caller.sessionKey },
  }),
  perform: async (grant, run) => textOutput(await run.effects.describeSession(grant)),
});

export const sessionStatus: PluginDefinition = definePlugin({ id: "session-status", tools: [sessionStatusTool] });
