// catalogue
// The methods on agents and their workspaces.
import type * as shapes from "../shapes.ts";
import { method, none, read } from "./kit.ts";

export const agentMethods = {
  "agents.list": method<{
    readonly defaultId: string;
    readonly ownership: "sole" | "explicit";
    readonly selectionRequired: false;
    readonly mainKey: string;
    readonly scope: "per-sender";
    readonly agents: readonly shapes.AgentRow[];
  }>()({ summary: "The configured agents.", scope: read, params: none }),
} as const;
