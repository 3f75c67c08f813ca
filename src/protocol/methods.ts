// catalogue
// The methods of `gateway.sock`: one table says what each takes, what it answers and which scope it asks for. Handlers
// are typed by it, so that one too many, one too few or a wrong answer does not compile; docs/methods.md is printed from it.
import { z } from "zod";
import { limits } from "../base/limits.ts";
import type { Scope } from "./scopes.ts";
import type * as shapes from "./shapes.ts";

export type Method<P, R> = {
  readonly summary: string;
  /** A function where it depends on what is asked. */
  readonly scope: Scope | ((params: P) => Scope);
  readonly scopeNote?: string;
  readonly params: z.ZodType<P>;
  /** Exists for the compiler only. */
  readonly result?: R;
};

const name = z.string().min(1).max(128);
const sessionKey = z.string().min(1).max(512);
const label = z.string().min(1).max(512);
const modelRef = z.string().min(1).max(256);
const timeoutMs = z.int().min(0);
const message = z
  .string()
  .max(limits.messageMaxChars, `is longer than ${limits.messageMaxChars} characters`)
  .refine((text) => !text.includes("\0"), "holds a NUL character");
/** Becomes the run's id. Printable, because it is shown in logs and commands. */
const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,200}$/, "is 1 to 200 printable characters without spaces");
const thinking = z.enum(["off", "minimal", "low", "medium", "high", "xhigh", "adaptive", "max"]);
const queueMode = z.enum(["steer", "followup", "collect", "interrupt"]);
/** `content` is base64, with or without a `data:` prefix. */
const attachment = z.strictObject({
  type: z.string().max(64).optional(),
  mimeType: z.string().max(128).optional(),
  fileName: z.string().max(255).optional(),
  origin: z.enum(["paste", "file"]).optional(),
  content: z.string(),
  sizeBytes: z.number().optional(),
  durationMs: z.number().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
});
const attachments = z.array(attachment).max(limits.attachmentsMax);
/** Opens the rehearsal model's grammar. Honoured on the owner's own socket and nowhere else. */
const rehearsal = z.strictObject({ grammar: z.literal(true), script: z.string().max(1_000_000).optional() });
const none = z.strictObject({});

const agentParams = z.strictObject({
  message: message.min(1),
  idempotencyKey,
  agentId: name.optional(),
  sessionKey: sessionKey.optional(),
  sessionId: name.optional(),
  model: modelRef.optional(),
  provider: name.optional(),
  thinking: thinking.optional(),
  queueMode: queueMode.optional(),
  attachments: attachments.optional(),
  extraSystemPrompt: z.string().max(limits.messageMaxChars).optional(),
  /** Seconds; 0 means no limit of the caller's. */
  timeout: z.int().min(0).optional(),
  rehearsal: rehearsal.optional(),
  // Sent by upstream's own clients; the value that asks for nothing is accepted, so that they work unchanged.
  to: z.literal("self").optional(),
  deliver: z.literal(false, "delivery to a channel is not built yet; leave it out or false").optional(),
  bestEffortDeliver: z.boolean().optional(),
  lane: name.optional(),
  cleanupBundleMcpOnRunEnd: z.boolean().optional(),
  label: label.optional(),
});

const chatSendParams = z.strictObject({
  sessionKey,
  message,
  idempotencyKey,
  agentId: name.optional(),
  sessionId: name.optional(),
  thinking: thinking.optional(),
  queueMode: queueMode.optional(),
  attachments: attachments.optional(),
  timeoutMs: timeoutMs.optional(),
  rehearsal: rehearsal.optional(),
  deliver: z.literal(false, "delivery to a channel is not built yet; leave it out or false").optional(),
});

const chatHistoryParams = z.strictObject({
  sessionKey,
  agentId: name.optional(),
  /** From an earlier answer: then only what is new since. */
  cursor: z.string().max(256).optional(),
  limit: z.int().min(1).max(1_000).optional(),
  /** Skips the newest ones. */
  offset: z.int().min(0).optional(),
  maxBytes: z.int().min(1_024).optional(),
  maxChars: z.int().min(1).max(500_000).optional(),
  sessionId: name.optional(),
});

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

const admin = "operator.admin";
const read = "operator.read";
const write = "operator.write";

/** A reset throws a conversation's context away, so asking for one in words needs what `sessions.reset` needs. */
function scopeOfMessage(params: { readonly message: string }): Scope {
  return /^\s*\/(new|reset)\b/i.test(params.message) ? admin : write;
}

export const methods = {
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
  agent: method<shapes.AgentAccepted | shapes.AgentEnd>()({
    summary: "Runs a turn. Answers twice: once it is stored, and once it has ended.",
    scope: scopeOfMessage,
    scopeNote: "write; admin for `/new` and `/reset`",
    params: agentParams,
  }),
  "agent.wait": method<shapes.AgentWaitResult>()({
    summary: "Waits for the end of a run; `pending` where it has not come in time.",
    scope: write,
    params: z.strictObject({ runId: z.string().min(1).max(256), timeoutMs: timeoutMs.optional() }),
  }),
  "chat.send": method<shapes.ChatSendResult>()({
    summary: "Sends a message into a session; the reply comes as `chat` and `agent` events.",
    scope: scopeOfMessage,
    scopeNote: "write; admin for `/new` and `/reset`",
    params: chatSendParams,
  }),
  "chat.history": method<shapes.ChatHistoryResult>()({
    summary: "The messages of a session's current window, oldest first; with a cursor only the new ones.",
    scope: read,
    params: chatHistoryParams,
  }),
  "chat.abort": method<{ readonly ok: true; readonly aborted: boolean; readonly runIds: readonly string[] }>()({
    summary: "Cancels one run or all of a session.",
    scope: write,
    params: z.strictObject({ sessionKey, agentId: name.optional(), runId: z.string().min(1).max(256).optional() }),
  }),
  send: method<{
    readonly runId: string;
    readonly messageId: string;
    readonly channel: string;
    readonly text: string;
  }>()({
    summary: "Sends a message to a recipient. `self` is the assistant: a turn runs, and its reply is the answer.",
    scope: scopeOfMessage,
    scopeNote: "write; admin for `/new` and `/reset`",
    params: z.strictObject({
      to: name,
      message: message.min(1),
      idempotencyKey,
      channel: name.optional(),
      accountId: name.optional(),
      agentId: name.optional(),
      sessionKey: sessionKey.optional(),
    }),
  }),
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
  "agents.list": method<{
    readonly defaultId: string;
    readonly ownership: "sole" | "explicit";
    readonly selectionRequired: false;
    readonly mainKey: string;
    readonly scope: "per-sender";
    readonly agents: readonly shapes.AgentRow[];
  }>()({ summary: "The configured agents.", scope: read, params: none }),
} as const;

export type MethodName = keyof typeof methods;

export type ParamsOf<M extends MethodName> = z.infer<(typeof methods)[M]["params"]>;

export type ResultOf<M extends MethodName> = NonNullable<(typeof methods)[M]["result"]>;

/** One handler for each method of the table. `C` is what the server hands to every one of them. */
export type MethodHandlers<C> = {
  readonly [M in MethodName]: (params: ParamsOf<M>, context: C) => Promise<ResultOf<M>>;
};

/** Curried, so that the result's type is given and the parameters' is inferred. */
function method<R>() {
  return <P>(definition: Omit<Method<P, R>, "result">): Method<P, R> => definition;
}
