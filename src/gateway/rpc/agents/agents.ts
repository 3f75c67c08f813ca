// The methods on agents.
import { LoricaError } from "../../../base/errors.ts";
import type { agentMethods } from "../../../protocol/methods/agents.ts";
import type { HandlersOf } from "../../../protocol/methods/kit.ts";
import type { CallContext } from "../../dispatch.ts";
import type { Edge } from "../../edge.ts";
import { actorOf } from "../config/config.ts";
import { agentsList } from "../rows.ts";
import { checkAgent, sessionTarget } from "../target.ts";
import { createAgentFileMethods } from "./files.ts";

export function createAgentMethods(edge: Edge): HandlersOf<typeof agentMethods, CallContext> {
  /** Agents are in the config, so a change of one is a change of it, with all its rules. */
  async function write(mode: "patch" | "unset", raw: string, context: CallContext): Promise<void> {
    const { hash } = await edge.remote.readConfig(context.call.signal);
    await edge.remote.writeConfig({ mode, raw, baseHash: hash, actor: actorOf(context) }, context.call.signal);
  }

  return {
    ...createAgentFileMethods(edge),

    "agents.list": async () => agentsList(edge),

    async "agent.identity.get"(params) {
      const { agentId } = sessionTarget(edge.settings(), params);
      const agent = edge.settings().agents.find(({ id }) => id === agentId);
      const name = agent?.name ?? agentId;
      return { agentId, name, nameSource: name === agentId ? "default" : "config" };
    },

    async "agents.create"({ name, workspace, model }, context) {
      const id = idOf(name);
      if (edge.settings().agents.some((agent) => agent.id === id))
        throw new LoricaError("conflict", `there is an agent ${id} already`);
      await write("patch", entry({ id, name, workspace, model }), context);
      return { ok: true, agentId: id };
    },

    async "agents.update"({ agentId, name, workspace, model }, context) {
      checkAgent(edge.settings(), agentId);
      await write("patch", entry({ id: agentId, name, workspace, model }), context);
      return { ok: true, agentId };
    },

    async "agents.delete"({ agentId }, context) {
      checkAgent(edge.settings(), agentId);
      if (agentId === edge.settings().defaultAgentId)
        throw new LoricaError("conflict", `${agentId} is the default agent; choose another one first`);
      await write("unset", `agents.list.${agentId}`, context);
      return { ok: true, agentId, removedBindings: 0 };
    },
  };
}

type Entry = { readonly id: string; readonly name?: string | undefined; readonly workspace?: string | undefined };

function entry({ id, name, workspace, model }: Entry & { readonly model?: string | undefined }): string {
  return JSON.stringify({
    agents: { list: [{ id, name, workspace, ...(model === undefined ? {} : { model: { primary: model } }) }] },
  });
}

function idOf(name: string): string {
  const id = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 64);
  if (/^[a-z0-9]/.test(id)) return id;
  throw new LoricaError("invalid_request", "an agent's name needs a letter or a digit");
}
