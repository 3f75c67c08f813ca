// catalogue
// The methods on sessions, apart from what is said in them.
import { z } from "zod";
import type * as shapes from "../shapes.ts";
import {
  admin,
  attachments,
  idempotencyKey,
  label,
  message,
  method,
  modelRef,
  name,
  none,
  read,
  scopeOfMessage,
  sessionKey,
  thinking,
  timeoutMs,
  write,
} from "./kit.ts";

const sessionsListParams = z.strictObject({
  /** How many at most; whoever asks for more than there is ever given at once is told in `limitApplied`. */
  limit: z.int().min(1).optional(),
  offset: z.int().min(0).optional(),
  agentId: name.optional(),
  /** Only those that this session began. None begins another yet, so the list is empty. */
  spawnedBy: sessionKey.optional(),
  search: z.string().max(256).optional(),
  label: label.optional(),
  activeMinutes: z.int().min(1).optional(),
  activeOnly: z.boolean().optional(),
  sortBy: z.enum(["updatedAt", "lastInteractionAt", "activity"]).optional(),
  includeGlobal: z.boolean().optional(),
  includeUnknown: z.boolean().optional(),
  configuredAgentsOnly: z.boolean().optional(),
  // Nothing is ever archived here, so a list of the archived is empty.
  archived: z.union([z.boolean(), z.literal("all")]).optional(),
  // Asked for by upstream's clients: more about each row, or less of what does not exist here. Nothing comes of them.
  includeDerivedTitles: z.boolean().optional(),
  includeLastMessage: z.boolean().optional(),
  includeActivitySummary: z.boolean().optional(),
  includePeople: z.boolean().optional(),
  requireLastInteraction: z.boolean().optional(),
  excludeSubagents: z.boolean().optional(),
  excludeCron: z.boolean().optional(),
  excludeSystem: z.boolean().optional(),
  ownerFirst: z.boolean().optional(),
});

const sessionsPatchParams = z.strictObject({
  key: sessionKey,
  agentId: name.optional(),
  expectedSessionId: name.optional(),
  label: label.nullish(),
  model: modelRef.nullish(),
  thinkingLevel: thinking.nullish(),
});

const sessionsCreateParams = z.strictObject({
  key: sessionKey.optional(),
  idempotencyKey: idempotencyKey.optional(),
  agentId: name.optional(),
  label: label.optional(),
  displayName: z.string().min(1).max(500).optional(),
  model: modelRef.optional(),
  thinkingLevel: thinking.optional(),
  /** Said in the new session at once. */
  message: message.optional(),
  attachments: attachments.optional(),
  timeoutMs: timeoutMs.optional(),
  /** Where the client was before. A new session takes nothing over from another. */
  parentSessionKey: sessionKey.optional(),
  emitCommandHooks: z.boolean().optional(),
  succeedsParent: z.boolean().optional(),
});

const sessionsSendParams = z.strictObject({
  key: sessionKey,
  agentId: name.optional(),
  message,
  thinking: thinking.optional(),
  attachments: attachments.optional(),
  timeoutMs: timeoutMs.optional(),
  idempotencyKey: idempotencyKey.optional(),
});

const followParams = z.strictObject({
  key: sessionKey,
  agentId: name.optional(),
  includeApprovals: z.literal(true).optional(),
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
    params: z.strictObject({
      key: sessionKey,
      agentId: name.optional(),
      includeDerivedTitles: z.boolean().optional(),
      includeLastMessage: z.boolean().optional(),
    }),
  }),
  "sessions.resolve": method<shapes.SessionResolved>()({
    summary: "Finds a session by key, id or label.",
    scope: read,
    advertised: false,
    params: z.strictObject({
      key: sessionKey.optional(),
      sessionId: name.optional(),
      label: label.optional(),
      agentId: name.optional(),
      includeGlobal: z.boolean().optional(),
      includeUnknown: z.boolean().optional(),
      allowMissing: z.boolean().optional(),
    }),
  }),
  "sessions.preview": method<{ readonly ts: number; readonly previews: readonly shapes.SessionPreview[] }>()({
    summary: "The last messages of several sessions, in short.",
    scope: read,
    params: z.strictObject({
      keys: z.array(sessionKey).max(64),
      limit: z.int().min(1).max(50).optional(),
      maxChars: z.int().min(20).max(2_000).optional(),
    }),
  }),
  "sessions.create": method<shapes.SessionCreated>()({
    summary: "Makes a session, and begins it where a message comes with it.",
    scope: ({ message: text = "" }) => scopeOfMessage({ message: text }),
    scopeNote: "write; admin for `/new` and `/reset`",
    params: sessionsCreateParams,
  }),
  "sessions.send": method<shapes.ChatSendResult>()({
    summary: "`chat.send`, by key.",
    scope: scopeOfMessage,
    scopeNote: "write; admin for `/new` and `/reset`",
    params: sessionsSendParams,
  }),
  "sessions.abort": method<shapes.SessionAborted>()({
    summary: "Cancels one run, or all of a session.",
    scope: write,
    params: z
      .strictObject({
        key: sessionKey.optional(),
        runId: z.string().min(1).max(256).optional(),
        agentId: name.optional(),
        clearQueued: z.boolean().optional(),
      })
      .refine(({ key, runId }) => key !== undefined || runId !== undefined, "names neither a session nor a run"),
  }),
  "sessions.subscribe": method<{ readonly subscribed: true; readonly list: shapes.SessionsListResult }>()({
    summary: "From now on the connection is told when sessions change.",
    scope: read,
    params: sessionsListParams,
  }),
  "sessions.unsubscribe": method<{ readonly subscribed: false }>()({
    summary: "Ends `sessions.subscribe`.",
    scope: read,
    params: none,
  }),
  "sessions.messages.subscribe": method<shapes.SessionFollowed>()({
    summary: "From now on the connection is told what is said in a session.",
    scope: read,
    params: followParams,
  }),
  "sessions.messages.unsubscribe": method<{ readonly subscribed: false; readonly key: string }>()({
    summary: "Ends `sessions.messages.subscribe`.",
    scope: read,
    params: followParams,
  }),
  "sessions.usage": method<shapes.SessionsUsageResult>()({
    summary: "Tokens and money of the sessions that were used last, or of one.",
    scope: read,
    advertised: false,
    params: z.strictObject({
      key: sessionKey.optional(),
      agentId: name.optional(),
      days: z.int().min(1).max(366).optional(),
      limit: z.int().min(1).max(200).optional(),
    }),
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
    scope: ({ archivedOnly = false }) => (archivedOnly ? write : admin),
    scopeNote: "admin; write with `archivedOnly`",
    params: z.strictObject({
      key: sessionKey,
      agentId: name.optional(),
      expectedSessionId: name.optional(),
      /** Nothing is ever archived here, so then nothing is deleted. */
      archivedOnly: z.boolean().optional(),
      emitLifecycleHooks: z.boolean().optional(),
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
