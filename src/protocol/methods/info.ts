// catalogue
// The methods that only tell.
import { z } from "zod";
import type * as shapes from "../shapes.ts";
import { method, name, read } from "./kit.ts";

export const infoMethods = {
  health: method<shapes.HealthResult>()({
    summary: "Whether the gateway lives, and its newest sessions.",
    scope: read,
    params: z.strictObject({ probe: z.boolean().optional() }),
  }),
  status: method<shapes.StatusResult>()({
    summary: "Agents, sandbox, runs and memory.",
    scope: read,
    params: z.strictObject({ includeChannelSummary: z.boolean().optional() }),
  }),
  "models.list": method<{ readonly models: readonly shapes.ModelChoice[] }>()({
    summary: "The models that the configured providers have.",
    scope: read,
    params: z.strictObject({ view: z.string().max(32).optional(), agentId: name.optional() }),
  }),
  "usage.cost": method<{
    readonly updatedAt: number;
    readonly days: number;
    readonly daily: readonly (shapes.CostFigures & { readonly date: string })[];
    readonly totals: shapes.CostFigures;
  }>()({
    summary: "Tokens and money by UTC day.",
    scope: read,
    params: z.strictObject({ days: z.int().min(1).max(92).optional() }),
  }),
} as const;
