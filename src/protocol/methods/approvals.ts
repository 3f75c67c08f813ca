// catalogue
// The methods on what waits for the owner. Nothing asks yet, so the lists are empty, nothing can be requested, and no
// answer is ever a yes.
import { z } from "zod";
import { method, name, none, read, sessionKey } from "./kit.ts";

const approvals = "operator.approvals";
const id = z.strictObject({ id: name });
const request = z.looseObject({ twoPhase: z.boolean().optional() });
const resolve = z.looseObject({ id: name, decision: z.string().min(1).max(64) });

export const approvalMethods = {
  "exec.approval.list": method<readonly []>()({
    summary: "The commands that wait for a yes.",
    scope: approvals,
    params: none,
  }),
  "exec.approval.get": method<never>()({ summary: "One of them.", scope: approvals, params: id }),
  "exec.approval.request": method<never>()({
    summary: "Asks for a yes. Not built: it is refused, which is never a yes.",
    scope: approvals,
    params: request,
  }),
  "exec.approval.waitDecision": method<never>()({
    summary: "Waits for the answer to a request.",
    scope: approvals,
    params: z.strictObject({ id: name, timeoutMs: z.int().min(0).optional() }),
  }),
  "exec.approval.resolve": method<never>()({ summary: "Says yes or no.", scope: approvals, params: resolve }),
  "plugin.approval.list": method<readonly []>()({
    summary: "What plugins wait for.",
    scope: approvals,
    params: none,
  }),
  "openclaw.approval.list": method<readonly []>()({
    summary: "What the assistant's own changes wait for.",
    scope: approvals,
    params: none,
  }),
  "question.list": method<{ readonly questions: readonly [] }>()({
    summary: "The questions that wait for an answer.",
    scope: "operator.questions",
    params: none,
  }),
  "taskSuggestions.list": method<{ readonly suggestions: readonly [] }>()({
    summary: "What the assistant suggests to do.",
    scope: read,
    params: z.strictObject({ agentId: name.optional(), sessionKey: sessionKey.optional() }),
  }),
} as const;
