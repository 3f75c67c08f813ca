// catalogue
// The methods on sessions, apart from what is said in them.
import { z } from "zod";
import type * as shapes from "../shapes.ts";
import { admin, label, method, modelRef, name, read, sessionKey, thinking, write } from "./kit.ts";

const sessionsListParams = z.strictObject({
  limit: z.int().min(1).max(1_000).optional(),
  offset: z.int().min(0).optional(),
  agentId: name.optional(),
  search: z.string().max(256).optional(),
  label: label.optional(),
  activeMinutes: z.int().min(1).optional(),
  activeOnly: z.boolean().optional(),
  sortBy: z.enum(["updatedAt", "lastInteractionAt", "activity"]).optional(),
  includeGlobal: z.boolean().optional(),
  includeUnknown: z.boolean().optional(),
  configuredAgentsOnly: z.boolean().optional(),
  archived: z.literal(false).optional(),
});

const sessionsPatchParams = z.strictObject({
  key: sessionKey,
  agentId: name.optional(),
  expectedSessionId: name.optional(),
  label: label.nullish(),
  model: modelRef.nullish(),
  thinkingLevel: thinking.nullish(),
});

const sessionsImportParams = z.strictObject({
  /** The lines of a JSONL transcript, ours or upstream's. */
  text: z.string().min(1),
  agentId: name.optional(),
  key: sessionKey.optional(),
});

export const sessionMethods = {
  "sessions.list": method<shapes.SessionsListResult>()({
    summary: "Sessions, the last used first.",
    scope: read,
    params: sessionsListParams,
  }),
  "sessions.describe": method<{ readonly session: shapes.SessionRow | null }>()({
    summary: "One session, or null.",
    scope: read,
    params: z.strictObject({ key: sessionKey, agentId: name.optional() }),
  }),
  "sessions.patch": method<shapes.SessionChange>()({
    summary: "Changes a session's label, model or thinking level; null takes the agent's own again.",
    scope: write,
    params: sessionsPatchParams,
  }),
  "sessions.reset": method<shapes.SessionChange>()({
    summary: "Starts a new, empty window under the same key. The old transcript stays in the store.",
    scope: admin,
    params: z.strictObject({
      key: sessionKey,
      agentId: name.optional(),
      reason: z.enum(["new", "reset"]).optional(),
      expectedSessionId: name.optional(),
    }),
  }),
  "sessions.delete": method<{
    readonly ok: true;
    readonly key: string;
    readonly deleted: boolean;
    readonly archived: readonly [];
  }>()({
    summary: "Deletes a session with all its windows. Export it first if it may be wanted again.",
    scope: admin,
    params: z.strictObject({
      key: sessionKey,
      agentId: name.optional(),
      expectedSessionId: name.optional(),
      deleteTranscript: z.literal(true, "transcripts are deleted with their session; export it first").optional(),
    }),
  }),
  "sessions.compact": method<{
    readonly ok: boolean;
    readonly key: string;
    readonly compacted: boolean;
    readonly reason?: string;
  }>()({
    summary: "Summarises a session's older messages now.",
    scope: admin,
    params: z.strictObject({ key: sessionKey, agentId: name.optional() }),
  }),
  "sessions.export": method<{
    readonly key: string;
    readonly lines: readonly string[];
    readonly nextOffset: number | null;
  }>()({
    summary: "A session as JSONL, in parts: call again with `nextOffset` until it is null.",
    scope: admin,
    params: z.strictObject({ key: sessionKey, agentId: name.optional(), offset: z.int().min(0).optional() }),
  }),
  "sessions.import": method<{ readonly key: string; readonly sessionId: string; readonly entries: number }>()({
    summary: "Makes a new session from a JSONL transcript, ours or upstream's.",
    scope: admin,
    params: sessionsImportParams,
  }),
} as const;
