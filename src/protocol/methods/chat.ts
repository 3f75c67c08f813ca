// catalogue
// The methods of a chat: what was said in a session, and saying more.
import { z } from "zod";
import type * as shapes from "../shapes.ts";
import {
  admin,
  attachments,
  idempotencyKey,
  message,
  method,
  name,
  queueMode,
  read,
  rehearsal,
  scopeOfMessage,
  sessionKey,
  thinking,
  timeoutMs,
  write,
} from "./kit.ts";

const mention = z.strictObject({ profileId: z.string().min(1).max(256), start: z.int().min(0), end: z.int().min(1) });

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
  deliver: z.literal(false, "the answer comes to whoever asked; to write over a channel use `send`").optional(),
  // Sent by upstream's clients, and nothing comes of them: who is named in the text and what the page shows beside it.
  mentions: z.array(mention).max(10).optional(),
  workContext: z.record(z.string().max(64), z.string().max(1_024)).optional(),
  fastMode: z.literal([false, "auto"], "there is no fast mode; leave it out").optional(),
  fastAutoOnSeconds: z.int().min(1).optional(),
  replyToId: name.optional(),
  // The value that asks for nothing is taken. Anything else would be a promise that is not kept.
  suppressCommandInterpretation: z.literal(false, "a message that is a command is one; leave it out").optional(),
  toolBindings: z.strictObject({}, "tools of the client's own are not built yet; leave it out").optional(),
  expectedPermissionMode: z.null("sessions have no permission mode; leave it out").optional(),
  expectedToolOverrides: z.null("sessions have no tool overrides; leave it out").optional(),
  expectedLeafEntryId: z.never("is not compared; send sessionId to be told of a reset").optional(),
  expectedSessionRoutingContract: z.never("there are no routing contracts; leave it out").optional(),
  intent: z.never("sessions have no goals yet; leave it out").optional(),
  originatingChannel: z.never("the answer comes to whoever asked; to write over a channel use `send`").optional(),
  originatingTo: z.never("the answer comes to whoever asked; to write over a channel use `send`").optional(),
  originatingAccountId: z.never("the answer comes to whoever asked; to write over a channel use `send`").optional(),
  originatingThreadId: z.never("the answer comes to whoever asked; to write over a channel use `send`").optional(),
  // Where words come from is found out, not believed.
  systemInputProvenance: z.never("a client does not say where its words come from; leave it out").optional(),
  systemProvenanceReceipt: z.never("a client does not say where its words come from; leave it out").optional(),
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
  // Asked for by upstream's clients: inputs that wait for their turn. There are none, a message is in the transcript or not.
  pendingBefore: z.int().min(1).optional(),
  inputRunIds: z.array(z.string().max(256)).max(50).optional(),
});

export const chatMethods = {
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
  "chat.startup": method<
    shapes.ChatHistoryResult & {
      readonly agentsList: shapes.AgentsListResult;
      readonly metadata: shapes.ChatMetadataResult;
    }
  >()({
    summary: "`chat.history`, `agents.list` and `chat.metadata` in one answer.",
    scope: read,
    params: chatHistoryParams,
  }),
  "chat.metadata": method<shapes.ChatMetadataResult>()({
    summary: "The models and commands that a chat may use.",
    scope: read,
    params: z.strictObject({ agentId: name.optional(), sessionKey: sessionKey.optional() }),
  }),
  "chat.message.get": method<
    | { readonly ok: true; readonly message: shapes.ClientMessage }
    | { readonly ok: false; readonly unavailableReason: "not_found" }
  >()({
    summary: "One message of a session's current window, whole.",
    scope: read,
    params: z.strictObject({
      sessionKey,
      agentId: name.optional(),
      messageId: name,
      maxChars: z.int().min(1).max(2_000_000).optional(),
    }),
  }),
  "chat.inject": method<{ readonly ok: true; readonly messageId: string }>()({
    summary: "Puts words of the assistant's into a session, without a run.",
    scope: admin,
    advertised: false,
    params: z.strictObject({
      sessionKey,
      agentId: name.optional(),
      message: message.min(1),
      label: z.string().min(1).max(100).optional(),
    }),
  }),
  "commands.list": method<{ readonly commands: readonly shapes.Command[] }>()({
    summary: "The commands that can be typed in a chat.",
    scope: read,
    params: z.strictObject({
      sessionKey: sessionKey.optional(),
      agentId: name.optional(),
      provider: name.optional(),
      scope: z.enum(["text", "native", "both"]).optional(),
      includeArgs: z.boolean().optional(),
    }),
  }),
  "chat.abort": method<{ readonly ok: true; readonly aborted: boolean; readonly runIds: readonly string[] }>()({
    summary: "Cancels one run or all of a session.",
    scope: write,
    params: z.strictObject({ sessionKey, agentId: name.optional(), runId: z.string().min(1).max(256).optional() }),
  }),
} as const;
