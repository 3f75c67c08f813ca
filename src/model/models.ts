// catalogue
// What the agent asks of models, whoever provides them. Failover, cool-down and usage live behind this port.
import type { LanguageModelV4FunctionTool, LanguageModelV4Prompt } from "@ai-sdk/provider";
import type { ThinkingLevel, TurnRequest } from "../base/envelope.ts";
import type { Label } from "../base/label.ts";
import type { Principal } from "../base/principal.ts";
import type { AssistantPart, StopReason, Usage } from "../base/transcript.ts";
import type { ModelInfo } from "./model.ts";

/** Which of an agent's models a call wants (PRV-019). */
export type ModelFunction = "main" | "subagent" | "heartbeat" | "compaction" | "image" | "utility";

export type ModelCall = {
  readonly agentId: string;
  readonly sessionKey: string;
  readonly principal: Principal;
  readonly label: Label;
  /** `provider/model` or an alias; the rest are fallbacks, tried in order. */
  readonly candidates: readonly string[];
  readonly prompt: LanguageModelV4Prompt;
  readonly tools: readonly LanguageModelV4FunctionTool[];
  readonly thinking: ThinkingLevel;
  readonly outputTokensMax: number | undefined;
  readonly rehearsal: TurnRequest["rehearsal"];
};

export type ModelEvent =
  /** A call to this model begins. Whatever an earlier attempt streamed is void. */
  | { readonly type: "attempt"; readonly provider: string; readonly model: string; readonly number: number }
  | { readonly type: "text"; readonly delta: string }
  | { readonly type: "reasoning"; readonly delta: string }
  /** Always the last event of a call that succeeded. */
  | {
      readonly type: "finish";
      readonly content: readonly AssistantPart[];
      readonly usage: Usage;
      readonly stopReason: StopReason;
      readonly provider: string;
      readonly model: string;
    }
  /** An attempt ended without an answer but cost tokens: for the ledger. */
  | { readonly type: "spent"; readonly usage: Usage; readonly provider: string; readonly model: string };

export type Models = {
  /**
   * One answer, from the first candidate that gives one. Throws a LoricaError once none is left: `upstream`,
   * `timeout`, `unavailable` (no model configured), `too_large` with `details.reason: "context_overflow"`, `cancelled`.
   */
  stream(call: ModelCall, signal: AbortSignal): AsyncIterable<ModelEvent>;
  /** The candidates of an agent for a function, first choice first; empty where none is configured. */
  candidates(agentId: string, purpose: ModelFunction): readonly string[];
  describe(ref: string): ModelInfo | undefined;
  list(): readonly ModelInfo[];
};
