// catalogue
// The methods that make the assistant do something and tell what came of it.
import { z } from "zod";
import { limits } from "../../base/limits.ts";
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
  queueMode,
  rehearsal,
  scopeOfMessage,
  sessionKey,
  thinking,
  timeoutMs,
  write,
} from "./kit.ts";

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
  deliver: z.literal(false, "the answer comes to whoever asked; to write over a channel use `send`").optional(),
  bestEffortDeliver: z.boolean().optional(),
  lane: name.optional(),
  cleanupBundleMcpOnRunEnd: z.boolean().optional(),
  label: label.optional(),
});

export const runMethods = {
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
  send: method<shapes.SendResult>()({
    summary:
      "Sends a message to a recipient. Without a channel `self` is the assistant: a turn runs, and its reply is the answer. With one it goes to the owner (`self`), or to a person or room that they let in.",
    scope: (params) => (params.channel === undefined ? scopeOfMessage(params) : admin),
    scopeNote: "write; admin with a channel, and for `/new` and `/reset`",
    params: z.strictObject({
      to: name,
      message: message.min(1),
      idempotencyKey,
      channel: name.optional(),
      accountId: name.optional(),
      threadId: name.optional(),
      agentId: name.optional(),
      sessionKey: sessionKey.optional(),
    }),
  }),
} as const;
