// catalogue
// The methods on agents and their workspaces.
import { z } from "zod";
import type * as shapes from "../shapes.ts";
import { method, name, none, read, sessionKey } from "./kit.ts";

export const agentMethods = {
  "agents.list": method<shapes.AgentsListResult>()({ summary: "The configured agents.", scope: read, params: none }),
  "agent.identity.get": method<{
    readonly agentId: string;
    readonly name: string;
    readonly nameSource: "config" | "default";
    readonly emoji?: string;
  }>()({
    summary: "An agent's name, as people see it.",
    scope: read,
    params: z.strictObject({ agentId: name.optional(), sessionKey: sessionKey.optional() }),
  }),
} as const;
