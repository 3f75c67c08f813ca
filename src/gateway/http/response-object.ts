// The objects of the Responses API.
import type { TurnOutcome } from "../../agent/agent.ts";
import type { ErrorBody } from "./answer.ts";
import { promptTokens } from "./outcome.ts";

export type ResponseHead = {
  readonly runId: string;
  readonly createdAt: number;
  readonly model: string;
  readonly instructions: string | null;
  readonly previousId: string | null;
};

type Done = Extract<TurnOutcome, { readonly status: "done" }>;
type End = { readonly outcome?: Done; readonly error?: ErrorBody["error"] };

/** Without an end it is still in progress. */
export function responseObject(head: ResponseHead, { outcome, error }: End): Readonly<Record<string, unknown>> {
  const isCut = outcome?.stopReason === "length";
  return {
    id: `resp_${compact(head.runId)}`,
    object: "response",
    created_at: head.createdAt,
    status: error !== undefined ? "failed" : outcome === undefined ? "in_progress" : isCut ? "incomplete" : "completed",
    error: error === undefined ? null : { code: error.code, message: error.message },
    incomplete_details: isCut ? { reason: "max_output_tokens" } : null,
    instructions: head.instructions,
    metadata: {},
    model: head.model,
    output: outcome === undefined || outcome.text === "" ? [] : [messageItem(head, outcome.text, "completed")],
    parallel_tool_calls: false,
    previous_response_id: head.previousId,
    temperature: null,
    tool_choice: "auto",
    tools: [],
    top_p: null,
    usage: outcome === undefined ? null : usageOf(outcome),
  };
}

export function messageItem(head: ResponseHead, text: string, status: "in_progress" | "completed") {
  return { id: `msg_${compact(head.runId)}`, type: "message", status, role: "assistant", content: [outputPart(text)] };
}

export function outputPart(text: string) {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

function usageOf({ usage }: Done): unknown {
  const input = promptTokens(usage);
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: usage.cacheReadTokens },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + usage.outputTokens,
  };
}

function compact(runId: string): string {
  return runId.replaceAll("-", "");
}
