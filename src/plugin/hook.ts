// The points of a message's life at which a plugin may look on (RT-008). A hook observes; it cannot allow anything,
// and one that fails is recorded and changes nothing.
import type { ToolOutcome } from "../base/transcript.ts";

export type HookPoint =
  | { readonly point: "message.received"; readonly inboxId: string; readonly channel: string }
  | { readonly point: "turn.started"; readonly turnId: string; readonly sessionKey: string }
  | { readonly point: "model.requested"; readonly turnId: string; readonly model: string }
  | { readonly point: "tool.requested"; readonly turnId: string; readonly tool: string }
  | { readonly point: "tool.finished"; readonly turnId: string; readonly tool: string; readonly outcome: ToolOutcome }
  | { readonly point: "reply.released"; readonly turnId: string; readonly outboxId: string }
  | { readonly point: "turn.finished"; readonly turnId: string; readonly status: string }
  | { readonly point: "session.compacted"; readonly sessionKey: string }
  | { readonly point: "session.reset"; readonly sessionKey: string };

export type Hook = {
  readonly points: readonly HookPoint["point"][];
  readonly timeoutMs: number;
  readonly observe: (event: HookPoint, signal: AbortSignal) => Promise<void>;
};
