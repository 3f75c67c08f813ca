// The instruction files of an agent's workspace: read through the broker, written inside the agent's own cell, so that
// nothing of the workspace's making can lead a write elsewhere.
import { LoricaError } from "../../../base/errors.ts";
import { sha256 } from "../../../base/ids.ts";
import { promptFiles } from "../../../protocol/methods/agents.ts";
import type { AgentFile, agentMethods } from "../../../protocol/methods/agents.ts";
import type { HandlersOf } from "../../../protocol/methods/kit.ts";
import type { WorkspaceFile } from "../../../sandbox/sandbox.ts";
import type { CallContext } from "../../dispatch.ts";
import type { Edge } from "../../edge.ts";
import { actorOf } from "../config/config.ts";
import { checkAgent } from "../target.ts";

type Names = "agents.files.list" | "agents.files.get" | "agents.files.set";

const unnamed = "(workspace)";

export function createAgentFileMethods(edge: Edge): Pick<HandlersOf<typeof agentMethods, CallContext>, Names> {
  const { workspace } = edge;

  async function find(agentId: string, name: string, signal: AbortSignal): Promise<WorkspaceFile | undefined> {
    checkAgent(edge.settings(), agentId);
    return (await workspace.read(agentId, [name], signal)).find((file) => file.name === name);
  }

  return {
    async "agents.files.list"({ agentId }, { call }) {
      checkAgent(edge.settings(), agentId);
      const found = await workspace.read(agentId, promptFiles, call.signal);
      const files = promptFiles.map((name) =>
        about(
          name,
          found.find((file) => file.name === name),
        ),
      );
      return { agentId, workspace: unnamed, files };
    },

    async "agents.files.get"({ agentId, name }, { call }) {
      const file = await find(agentId, name, call.signal);
      return {
        agentId,
        workspace: unnamed,
        file: { ...about(name, file), ...(file === undefined ? {} : { hash: file.sha256, content: file.text }) },
      };
    },

    async "agents.files.set"({ agentId, name, content, expectedHash }, context) {
      const { signal } = context.call;
      const before = await find(agentId, name, signal);
      if (expectedHash !== undefined && expectedHash.toLowerCase() !== before?.sha256)
        throw new LoricaError("conflict", `${name} has changed since it was read; read it again`, {
          details: { reason: "file-changed", hash: before?.sha256 ?? null },
        });
      await workspace.write({ agentId, name, content, actor: actorOf(context) }, signal);
      const bytes = Buffer.byteLength(content);
      const file = { name, path: name, missing: false, size: bytes, hash: sha256(content) };
      return { ok: true, agentId, workspace: unnamed, file };
    },
  };
}

/** Paths are relative to the workspace. */
function about(name: string, file: WorkspaceFile | undefined): AgentFile {
  if (file === undefined) return { name, path: name, missing: true };
  return { name, path: name, missing: false, size: file.bytes };
}
