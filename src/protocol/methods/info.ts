// catalogue
// The methods that only tell.
import { z } from "zod";
import { limits } from "../../base/limits.ts";
import type * as shapes from "../shapes.ts";
import { admin, method, name, none, read, sessionKey } from "./kit.ts";

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
    params: z.strictObject({
      view: z.string().max(32).optional(),
      agentId: name.optional(),
      sessionKey: sessionKey.optional(),
    }),
  }),
  "logs.tail": method<shapes.LogsTailResult>()({
    summary: "The end of the log, redacted; with a cursor what came since.",
    scope: read,
    params: z.strictObject({
      cursor: z.int().min(0).optional(),
      limit: z.int().min(1).max(limits.logTailLinesMax).optional(),
      maxBytes: z.int().min(1).max(limits.logTailMaxBytes).optional(),
    }),
  }),
  "system-presence": method<readonly Readonly<Record<string, unknown>>[]>()({
    summary: "The gateway itself, and who is connected.",
    scope: read,
    params: none,
  }),
  "system.info": method<shapes.SystemInfo>()({
    summary: "The machine, as far as the gateway's process sees it.",
    scope: read,
    params: none,
  }),
  "last-heartbeat": method<null>()({
    summary: "The last heartbeat. There are none yet, so it is always null.",
    scope: read,
    params: none,
  }),
  "update.status": method<{ readonly sentinel: null; readonly updateAvailable: null }>()({
    summary: "Whether a newer release is known. The gateway does not look for one.",
    scope: admin,
    params: z.strictObject({ refreshCheckout: z.boolean().optional() }),
  }),
  "skills.status": method<{ readonly agentId: string; readonly skills: readonly [] }>()({
    summary: "The skills of an agent.",
    scope: read,
    params: z.strictObject({ agentId: name.optional(), sessionKey: sessionKey.optional() }),
  }),
  "usage.status": method<{ readonly updatedAt: number; readonly providers: readonly [] }>()({
    summary: "What providers say of their own quotas. None is asked.",
    scope: read,
    params: none,
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
