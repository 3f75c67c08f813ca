// catalogue
// The methods on what happens by itself.
import { z } from "zod";
import { limits } from "../../base/limits.ts";
import { method, name, none, read, scopeOfMessage, sessionKey } from "./kit.ts";

const optionalBoolean = z.boolean().optional();

export const automationMethods = {
  wake: method<{ readonly ok: true }>()({
    summary: "Says something to the assistant in its main session; the reply goes to whoever listens there.",
    scope: ({ text }) => scopeOfMessage({ message: text }),
    scopeNote: "write; admin for `/new` and `/reset`",
    params: z.strictObject({
      mode: z.literal("now", "heartbeats are not built yet; use the mode `now`"),
      text: z.string().min(1).max(limits.messageMaxChars),
      sessionKey: sessionKey.optional(),
      agentId: name.optional(),
    }),
  }),
  "cron.status": method<{ readonly enabled: false; readonly jobs: 0; readonly nextWakeAtMs: null }>()({
    summary: "Whether jobs run by themselves. None do yet.",
    scope: read,
    params: none,
  }),
  "cron.list": method<{
    readonly jobs: readonly [];
    /** Of which list this is a page; upstream's clients take no page without it. */
    readonly snapshotRevision: "none";
    readonly total: 0;
    readonly offset: number;
    readonly limit: number;
    readonly hasMore: false;
    readonly nextOffset: null;
  }>()({
    summary: "The jobs.",
    scope: read,
    params: z.strictObject({
      includeDisabled: optionalBoolean,
      limit: z.int().min(1).max(200).optional(),
      offset: z.int().min(0).optional(),
      query: z.string().max(256).optional(),
      enabled: z.enum(["all", "enabled", "disabled"]).optional(),
      sortBy: z.enum(["nextRunAtMs", "updatedAtMs", "name"]).optional(),
      sortDir: z.enum(["asc", "desc"]).optional(),
      agentId: name.optional(),
      compact: optionalBoolean,
      includeDeliveryPreviews: optionalBoolean,
    }),
  }),
  "voicewake.get": method<{ readonly triggers: readonly [] }>()({
    summary: "The words that wake a device. There are none.",
    scope: read,
    params: none,
  }),
} as const;
