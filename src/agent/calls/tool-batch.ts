// The calls of one answer. A call is in the journal before it runs and its result after, in as few writes as that
// allows: the results of one group go in with the calls of the next.
import { joinAll } from "../../base/label.ts";
import type { Label } from "../../base/label.ts";
import { limits } from "../../base/limits.ts";
import type { EntryBody } from "../../base/transcript.ts";
import { abortError } from "../../base/wait.ts";
import { planCall } from "../context/context.ts";
import { madeCalls } from "../journal.ts";
import type { CallPart, MadeCall, PendingCall } from "../journal.ts";
import { detectLoop, renderLoopWarning } from "./loop.ts";
import type { TurnScope } from "../scope.ts";
import { parseCall } from "./parse-call.ts";
import type { ParsedCall } from "./parse-call.ts";
import { runCall, unknownAdvice } from "./tool-call.ts";
import type { CallResult } from "./tool-call.ts";

type Held = { readonly bodies: readonly EntryBody[]; readonly labels: readonly Label[] };

const nothing: Held = { bodies: [], labels: [] };
const charsPerToken = 3;
/** All results of one answer together; each alone has `limits.toolOutputContextShare`. */
const answerShare = 0.6;

/**
 * A call that was begun before a crash is never run again, not even one that only reads: the model is told, and is free
 * to ask for it once more. So nothing is repeated that nobody asked for twice.
 */
export const unknownOutcome = `unknown: the system was restarted while this ran. ${unknownAdvice}`;

export async function runCalls(scope: TurnScope, pending: readonly PendingCall[], batchSize: number): Promise<void> {
  const made = [...madeCalls(scope.window.entries(), scope.turn.id)];
  const maxChars = outputCap(scope, batchSize);
  let held: Held = { bodies: pending.flatMap(unknownBody), labels: [] };
  for (const group of groupCalls(scope, pending, made.length)) {
    if (scope.signal.aborted) break;
    const begun = group.flatMap((call) => (call.kind === "ready" ? [callBody(call.part)] : []));
    if (begun.length > 0) {
      await write(scope, { ...held, bodies: [...held.bodies, ...begun] });
      held = nothing;
    }
    const results = await Promise.all(group.map((call) => watchCall(scope, call, maxChars)));
    held = join(held, record(group, results, made));
  }
  await write(scope, held);
  if (scope.signal.aborted) throw abortError(scope.signal);
}

/** Reads may run side by side; whatever changes something runs alone and in the order in which it was asked for. */
function groupCalls(scope: TurnScope, pending: readonly PendingCall[], madeBefore: number): readonly ParsedCall[][] {
  const groups: ParsedCall[][] = [];
  let open = false;
  pending.forEach(({ part, state }, at) => {
    if (state === "begun") return;
    const call = madeBefore + at < limits.turnToolCallsMax ? parseCall(scope, part) : tooMany(part);
    const reads = call.kind === "wrong" || call.tool.sideEffect === "none" || call.tool.sideEffect === "read";
    const last = groups.at(-1);
    if (reads && open && last !== undefined && last.length < scope.profile.toolCallsParallelMax) last.push(call);
    else groups.push([call]);
    open = reads;
  });
  return groups;
}

async function watchCall(scope: TurnScope, call: ParsedCall, maxChars: number): Promise<CallResult> {
  const { callId, tool, input } = call.part;
  scope.run.emit({ type: "tool_started", callId, tool, input });
  scope.options.observe({ point: "tool.requested", turnId: scope.turn.id, tool });
  const result = await runCall(scope, call, maxChars);
  scope.run.emit({ type: "tool_finished", callId, tool, text: result.text, outcome: result.outcome });
  scope.options.observe({ point: "tool.finished", turnId: scope.turn.id, tool, outcome: result.outcome });
  return result;
}

/** Adds to `made` and warns where the calls now go in circles. */
function record(group: readonly ParsedCall[], results: readonly CallResult[], made: MadeCall[]): Held {
  const bodies = results.flatMap((result, at): readonly EntryBody[] => {
    const part = group[at]?.part;
    if (part === undefined) return [];
    made.push({ tool: part.tool, input: JSON.stringify(part.input), output: result.text });
    const verdict = detectLoop(made);
    const text = verdict.kind === "fine" ? result.text : `${result.text}\n${renderLoopWarning(verdict)}`;
    const { media, outcome, durationMs } = result;
    return [{ kind: "tool_result", callId: part.callId, tool: part.tool, text, media, outcome, durationMs }];
  });
  return { bodies, labels: results.flatMap((result) => (result.label === undefined ? [] : [result.label])) };
}

function outputCap(scope: TurnScope, batchSize: number): number {
  const share = Math.min(limits.toolOutputContextShare, answerShare / Math.max(1, batchSize));
  const chars = Math.floor(planCall(scope).contextTokens * share * charsPerToken);
  return Math.min(limits.toolOutputMaxChars, chars);
}

async function write(scope: TurnScope, held: Held): Promise<void> {
  if (held.bodies.length > 0) await scope.append(held.bodies, joinAll(held.labels));
}

function join(left: Held, right: Held): Held {
  return { bodies: [...left.bodies, ...right.bodies], labels: [...left.labels, ...right.labels] };
}

function callBody(part: CallPart): EntryBody {
  return { kind: "tool_call", callId: part.callId, tool: part.tool, input: part.input };
}

function unknownBody({ part, state }: PendingCall): readonly EntryBody[] {
  if (state === "fresh") return [];
  return [
    {
      kind: "tool_result",
      callId: part.callId,
      tool: part.tool,
      text: unknownOutcome,
      media: [],
      outcome: "unknown",
      durationMs: 0,
    },
  ];
}

function tooMany(part: CallPart): ParsedCall {
  return {
    kind: "wrong",
    part,
    reason: `not run: a turn makes at most ${limits.turnToolCallsMax} tool calls. Answer now.`,
  };
}
