// What a session is made of. The transcript is the step journal: a tool call is written before it runs, its result
// after, so that a restart knows what was done, what was not, and what nobody can know.
import type { MediaRef, Overheard, ThinkingLevel } from "./envelope.ts";
import type { Json } from "./json.ts";

/**
 * Tokens; input does not count what was read from or written to a cache. Money in millionths of a US dollar, null where
 * no price is known.
 */
export type Usage = {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly costMicros: number | null;
  /** True where a stream died before the provider told, and the figures are ours. */
  readonly estimated: boolean;
};

/** Of what cost nothing, or has not cost anything yet. */
export const noUsage: Usage = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  costMicros: 0,
  estimated: false,
};

export type StopReason = "stop" | "length" | "tool_use" | "refusal" | "error" | "cancelled";

export type AssistantPart =
  | { readonly type: "text"; readonly text: string; readonly provider?: Json }
  /** `signature` and the like, exactly as the provider gave them: it wants them back unchanged. */
  | { readonly type: "reasoning"; readonly text: string; readonly provider?: Json }
  | {
      readonly type: "tool_call";
      readonly callId: string;
      readonly tool: string;
      readonly input: Json;
      readonly provider?: Json;
    };

/** `unknown`: the process died while the tool ran; whether it took effect cannot be said, and it is not run again. */
export type ToolOutcome = "ok" | "error" | "denied" | "cancelled" | "unknown";

export type EntryBody =
  | {
      readonly kind: "user";
      readonly text: string;
      readonly media: readonly MediaRef[];
      readonly from: string;
      readonly inboxId: string;
      /** Whose words they are, where the sender passed them on. */
      readonly forwardedFrom?: string;
      readonly quote?: { readonly sender: string; readonly text: string };
      readonly overheard?: readonly Overheard[];
    }
  | {
      readonly kind: "assistant";
      readonly content: readonly AssistantPart[];
      readonly provider: string;
      readonly model: string;
      readonly usage: Usage;
      readonly stopReason: StopReason;
    }
  | { readonly kind: "tool_call"; readonly callId: string; readonly tool: string; readonly input: Json }
  | {
      readonly kind: "tool_result";
      readonly callId: string;
      readonly tool: string;
      readonly text: string;
      readonly media: readonly MediaRef[];
      readonly outcome: ToolOutcome;
      readonly durationMs: number;
    }
  | {
      readonly kind: "compaction";
      readonly summary: string;
      readonly firstKeptSeq: number;
      readonly tokensBefore: number;
    }
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "settings"; readonly model?: string; readonly thinking?: ThinkingLevel };
