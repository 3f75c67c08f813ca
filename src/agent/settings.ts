// What one agent is, as far as a turn needs to know: its model function is the models' affair, its tools policy's.
import type { ThinkingLevel } from "../base/envelope.ts";
import { limits } from "../base/limits.ts";
import type { ToolPolicy } from "../policy/policy.ts";

export type AgentProfile = {
  readonly id: string;
  /** What it calls itself; the id where nobody gave it a name. */
  readonly name: string;
  /** Absolute, as the cell sees it too; undefined for an agent without one. */
  readonly workspace: string | undefined;
  readonly tools: { readonly owner: ToolPolicy; readonly others: ToolPolicy };
  readonly thinking: ThinkingLevel;
  readonly turnTimeoutMs: number;
  readonly toolCallsParallelMax: number;
  /** A smaller window than the model's own, to spend less; undefined uses all of it. */
  readonly contextTokensMax: number | undefined;
  /** A prompt that is estimated above this is refused before it is sent (COST-016). */
  readonly promptTokensMax: number | undefined;
  /** The longest answer of any model (COST-010). */
  readonly outputTokensMax: number | undefined;
  readonly bootstrapFileMaxChars: number;
  readonly bootstrapTotalMaxChars: number;
  readonly compaction: CompactionSettings;
  readonly pruning: PruningSettings;
};

export type CompactionSettings = {
  readonly enabled: boolean;
  /** Room that must stay free for the answer and its tool calls. */
  readonly reserveTokensFloor: number;
  readonly keepRecentTokens: number;
  readonly timeoutMs: number;
};

export type PruningSettings = {
  readonly enabled: boolean;
  readonly softTrim: { readonly maxChars: number; readonly headChars: number; readonly tailChars: number };
};

const everything: ToolPolicy = { profile: "coding", allow: undefined, deny: [] };

/** An agent as it is where config says nothing. */
export const defaultProfile: AgentProfile = {
  id: "main",
  name: "main",
  workspace: undefined,
  tools: { owner: everything, others: { profile: "minimal", allow: undefined, deny: [] } },
  thinking: "off",
  turnTimeoutMs: limits.turnTimeoutMs,
  toolCallsParallelMax: limits.toolCallsParallelMax,
  contextTokensMax: undefined,
  promptTokensMax: undefined,
  outputTokensMax: undefined,
  bootstrapFileMaxChars: limits.bootstrapFileMaxChars,
  bootstrapTotalMaxChars: limits.bootstrapTotalMaxChars,
  compaction: { enabled: true, reserveTokensFloor: 20_000, keepRecentTokens: 20_000, timeoutMs: 180_000 },
  pruning: { enabled: true, softTrim: { maxChars: 4_000, headChars: 1_500, tailChars: 1_500 } },
};
