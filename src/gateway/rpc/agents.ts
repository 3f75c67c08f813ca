// The methods on agents.
import type { agentMethods } from "../../protocol/methods/agents.ts";
import type { HandlersOf } from "../../protocol/methods/kit.ts";
import type { CallContext } from "../dispatch.ts";
import type { Edge } from "../edge.ts";
import { agentsList } from "./rows.ts";
import { sessionTarget } from "./target.ts";

export function createAgentMethods(edge: Edge): HandlersOf<typeof agentMethods, CallContext> {
  return {
    "agents.list": async () => agentsList(edge),

    async "agent.identity.get"(params) {
      const { agentId } = sessionTarget(edge.settings(), params);
      const agent = edge.settings().agents.find(({ id }) => id === agentId);
      const name = agent?.name ?? agentId;
      return { agentId, name, nameSource: name === agentId ? "default" : "config" };
    },
  };
}
