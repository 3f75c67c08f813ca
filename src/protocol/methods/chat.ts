// catalogue
// The methods of a chat: what was said in a session, and saying more.
import { z } from "zod";
import type * as shapes from "../shapes.ts";
import {
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
  "chat.abort": method<{ readonly ok: true; readonly aborted: boolean; readonly runIds: readonly string[] }>()({
    summary: "Cancels one run or all of a session.",
    scope: write,
    params: z.strictObject({ sessionKey, agentId: name.optional(), runId: z.string().min(1).max(256).optional() }),
  }),
} as const;
