// catalogue
// The methods on agents and their workspaces.
import { z } from "zod";
import { limits } from "../../base/limits.ts";
import { instructionFiles } from "../known/instruction-files.ts";
import type * as shapes from "../shapes.ts";
import { admin, method, modelRef, name, none, read, sessionKey } from "./kit.ts";

/** The files that go into an agent's prompt and that its owner may write from elsewhere. */
export const promptFiles = [...instructionFiles, "MEMORY.md"];

export type AgentFile = {
  readonly name: string;
  readonly path: string;
  readonly missing: boolean;
  readonly size?: number;
  /** Hex SHA-256; `expectedHash` of the next write. */
  readonly hash?: string;
  readonly content?: string;
};

/** Where a workspace lies is nothing that a client needs to know; paths are relative to it. */
type Unnamed = "(workspace)";

type Changed = { readonly ok: true; readonly agentId: string };

const fileName = z.enum(promptFiles);

export const agentMethods = {
  "agents.list": method<shapes.AgentsListResult>()({
    summary: "The configured agents.",
    scope: read,
    params: none,
  }),
  "agent.identity.get": method<{
    readonly agentId: string;
    readonly name: string;
    readonly nameSource: "config" | "default";
  }>()({
    summary: "An agent's name, as people see it.",
    scope: read,
    params: z.strictObject({ agentId: name.optional(), sessionKey: sessionKey.optional() }),
  }),
  "agents.files.list": method<{
    readonly agentId: string;
    readonly workspace: Unnamed;
    readonly files: readonly AgentFile[];
  }>()({
    summary: "The instruction files of an agent's workspace.",
    scope: read,
    params: z.strictObject({ agentId: name }),
  }),
  "agents.files.get": method<{ readonly agentId: string; readonly workspace: Unnamed; readonly file: AgentFile }>()({
    summary: "One instruction file.",
    scope: read,
    params: z.strictObject({ agentId: name, name: fileName }),
  }),
  "agents.files.set": method<{
    readonly ok: true;
    readonly agentId: string;
    readonly workspace: Unnamed;
    readonly file: AgentFile;
  }>()({
    summary: "Writes one instruction file. With `expectedHash` only where it is still the one that was read.",
    scope: admin,
    params: z.strictObject({
      agentId: name,
      name: fileName,
      content: z.string().max(limits.workspaceFileMaxBytes),
      expectedHash: z
        .string()
        .regex(/^[a-fA-F0-9]{64}$/, "is not a SHA-256 in hexadecimal")
        .optional(),
    }),
  }),
  "agents.create": method<Changed>()({
    summary: "Adds an agent. That gives the assistant more than before, so it is refused with the owner's command.",
    scope: admin,
    params: z.strictObject({ name, workspace: z.string().min(1).max(4_096).optional(), model: modelRef.optional() }),
  }),
  "agents.update": method<Changed>()({
    summary: "Changes an agent's name or model in the configuration.",
    scope: admin,
    params: z.strictObject({
      agentId: name,
      name: name.optional(),
      workspace: z.string().min(1).max(4_096).optional(),
      model: modelRef.optional(),
    }),
  }),
  "agents.delete": method<Changed & { readonly removedBindings: 0 }>()({
    summary: "Takes an agent out of the configuration. Its files and sessions stay.",
    scope: admin,
    params: z.strictObject({
      agentId: name,
      deleteFiles: z.literal(false, "files are not deleted over the network; remove them on the machine").optional(),
    }),
  }),
} as const;
