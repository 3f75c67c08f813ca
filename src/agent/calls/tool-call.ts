// One tool call, from what the model wrote to what is stored: (parsed) → decide → run → inspect. Whatever a tool does, the
// way out is a result that the model can read; what ends the turn is its own signal, and the caller looks at that.
import { LoricaError, codeOf } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import type { ToolOutcome } from "../../base/transcript.ts";
import { withDeadline } from "../../base/wait.ts";
import { createGuardedText } from "../../dlp/dlp.ts";
import type { ToolOutput } from "../../tool/tool.ts";
import { inspectOutput } from "./inspect.ts";
import type { Inspected } from "./inspect.ts";
import type { ParsedCall } from "./parse-call.ts";
import { judgeByHooks, showByHooks } from "./hooks.ts";
import type { CallScope } from "../scope.ts";

/** For a call that was begun and has no result: nothing of it is repeated by itself. */
export const unknownAdvice =
  "Whether it took effect cannot be said, and it was not run again. Check before you repeat it.";

export type CallResult = Inspected & { readonly outcome: ToolOutcome; readonly durationMs: number };

export async function runCall(scope: CallScope, call: ParsedCall, maxChars: number): Promise<CallResult> {
  const startedAt = scope.options.clock.now();
  if (call.kind === "wrong") return refusal("error", call.reason);
  try {
    return await scope.state.slots.use(() => decideAndPerform(scope, call, { maxChars, startedAt }), scope.signal);
  } catch (error) {
    return { ...refusal(...explain(scope, error)), durationMs: scope.options.clock.now() - startedAt };
  }
}

type Ready = Extract<ParsedCall, { kind: "ready" }>;
type Bounds = { readonly maxChars: number; readonly startedAt: number };

/** The grant lives for seconds, so it is asked for only once there is room to use it. */
async function decideAndPerform(scope: CallScope, call: Ready, bounds: Bounds): Promise<CallResult> {
  const { options } = scope;
  const judged = await judgeByHooks(scope, call);
  if (judged.kind === "deny") return refusal("denied", judged.reason);
  const { action, about } = judged;
  const withheld = scope.withheld.get(call.part.callId);
  if (withheld !== undefined) {
    options.audit.record({ kind: "decision", verdict: "deny", rule: "dlp", reason: withheld, ...about });
    return refusal("denied", `refused: it held ${withheld}. Nobody needs to write that out; go on without it`);
  }
  const decision = judged.decision ?? options.policy.decide(action);
  if (decision.kind === "deny") {
    options.audit.record({ kind: "decision", verdict: "deny", rule: decision.rule, reason: decision.reason, ...about });
    return refusal("denied", `refused: ${decision.reason}`);
  }
  options.audit.record({ kind: "decision", verdict: "allow", rule: decision.rule, ...about });
  const output = await perform(scope, call, decision.grant);
  const inspected = await inspectOutput(scope, call.tool, { output, maxChars: bounds.maxChars });
  const shown = await showByHooks(scope, judged, { inspected, isError: output.isError });
  const durationMs = options.clock.now() - bounds.startedAt;
  const outcome = output.isError ? "error" : "ok";
  const result = { outcome, durationMs, chars: shown.text.length };
  options.audit.record({ kind: "effect", ...about, result });
  return { ...shown, outcome, durationMs };
}

async function perform(
  scope: CallScope,
  { part, tool }: Ready,
  grant: Parameters<Ready["tool"]["perform"]>[0],
): Promise<ToolOutput> {
  const timeoutMs = Math.min(tool.timeoutMs, limits.toolTimeoutMs);
  const { agentId, sessionKey } = scope.turn;
  // What is shown while it runs is a stream like an answer: a value that comes in two pieces is still one.
  const shown = createGuardedText(
    (question) => scope.options.dlp.inspectStream({ agentId, sessionKey, ...question }, scope.signal),
    (text) => scope.run.emit({ type: "tool_progress", callId: part.callId, tool: tool.name, text }),
  );
  const onProgress = (output: string): void => shown.push(output);
  const output = await withDeadline(scope.signal, timeoutMs, (signal) =>
    tool.perform(grant, { effects: scope.options.effects, onProgress, signal }),
  );
  await shown.end();
  return output;
}

/** An error as the model is told it. What is not one of ours is a fault of the tool: its particulars go to the log. */
function explain(scope: CallScope, error: unknown): [ToolOutcome, string] {
  if (scope.signal.aborted)
    return ["cancelled", "cancelled: the turn was ended while this ran; it may have taken effect in part"];
  if (error instanceof LoricaError && error.details?.["outcome"] === "unknown")
    return ["unknown", `unknown: ${error.message}. ${unknownAdvice}`];
  if (error instanceof LoricaError && error.code !== "internal") return ["error", `${error.code}: ${error.message}`];
  const id = newId();
  scope.options.report(id, error);
  return ["error", `${codeOf(error)}: the tool failed; the log has it under ${id}`];
}

function refusal(outcome: ToolOutcome, text: string): CallResult {
  return { text, media: [], outcome, durationMs: 0, label: undefined };
}
