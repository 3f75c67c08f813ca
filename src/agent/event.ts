// What can be seen of a turn while it runs. Clients render these; nothing is decided by them.
import type { Json } from "../base/json.ts";
import type { StopReason, ToolOutcome, Usage } from "../base/transcript.ts";

export type TurnEvent =
  | { readonly type: "started"; readonly turnId: string; readonly attempt: number }
  | { readonly type: "model"; readonly provider: string; readonly model: string }
  /** `text` is all that this answer says so far, `delta` what is new. A shorter `text` replaces what was shown. */
  | { readonly type: "text"; readonly text: string; readonly delta: string }
  | { readonly type: "reasoning"; readonly delta: string }
  | { readonly type: "tool_started"; readonly callId: string; readonly tool: string; readonly input: Json }
  | { readonly type: "tool_progress"; readonly callId: string; readonly tool: string; readonly text: string }
  | {
      readonly type: "tool_finished";
      readonly callId: string;
      readonly tool: string;
      readonly text: string;
      readonly outcome: ToolOutcome;
    }
  | { readonly type: "compacted"; readonly tokensBefore: number; readonly tokensAfter: number }
  | { readonly type: "usage"; readonly usage: Usage }
  | { readonly type: "finished"; readonly outcome: TurnOutcome };

export type TurnOutcome =
  | {
      readonly status: "done";
      readonly text: string;
      readonly stopReason: StopReason;
      readonly provider: string;
      readonly model: string;
      /** Of the whole turn, all its model calls together. */
      readonly usage: Usage;
    }
  /** `message` is for the person who asked; `id` finds the particulars in the log. */
  | {
      readonly status: "failed";
      readonly code: string;
      readonly message: string;
      readonly id: string;
      readonly usage: Usage;
      /** When it may work again, where a provider said so. */
      readonly retryAfterMs?: number;
    }
  | { readonly status: "cancelled"; readonly usage: Usage };
