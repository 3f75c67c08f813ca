// Where a turn stands, read off its entries and nothing else. The running turn asks the same question after every step
// that a restart asks after a crash, so there is one way on and not two.
import type { AssistantPart } from "../base/transcript.ts";
import type { Entry } from "../store/store.ts";

export type CallPart = Extract<AssistantPart, { type: "tool_call" }>;
export type Answer = Extract<Entry["body"], { kind: "assistant" }>;

/** `fresh`: nothing was begun. `begun`: it was started and has no result, so nobody knows what it did. */
export type PendingCall = { readonly part: CallPart; readonly state: "fresh" | "begun" };

export type NextStep =
  | { readonly kind: "model" }
  | { readonly kind: "tools"; readonly calls: readonly PendingCall[]; readonly batchSize: number }
  | { readonly kind: "answer"; readonly answer: Answer };

export function nextStep(entries: readonly Entry[], turnId: string): NextStep {
  const own = entries.filter((entry) => entry.turnId === turnId);
  const at = own.findLastIndex(({ body }) => body.kind === "assistant" && body.stopReason !== "cancelled");
  const answer = own[at]?.body;
  if (answer?.kind !== "assistant") return { kind: "model" };
  const after = own.slice(at + 1);
  const parts = callsOf(answer);
  const calls = pendingCalls(parts, after);
  if (calls.length > 0) return { kind: "tools", calls, batchSize: parts.length };
  const joined = after.some(({ body }) => body.kind === "user");
  return parts.length > 0 || joined ? { kind: "model" } : { kind: "answer", answer };
}

/** Every call of the turn with what came of it, in order: for the loop detector and the bounds. */
export type MadeCall = { readonly tool: string; readonly input: string; readonly output: string };

export function madeCalls(entries: readonly Entry[], turnId: string): readonly MadeCall[] {
  const inputs = new Map<string, { readonly tool: string; readonly input: string }>();
  const made: MadeCall[] = [];
  for (const { body, turnId: of } of entries) {
    if (of !== turnId) continue;
    if (body.kind === "assistant")
      for (const part of callsOf(body)) inputs.set(part.callId, { tool: part.tool, input: JSON.stringify(part.input) });
    if (body.kind !== "tool_result") continue;
    const call = inputs.get(body.callId);
    if (call !== undefined) made.push({ ...call, output: body.text });
  }
  return made;
}

export function stepsOf(entries: readonly Entry[], turnId: string): number {
  return entries.filter(({ body, turnId: of }) => of === turnId && body.kind === "assistant").length;
}

/** What the turn said last that was meant for people. */
export function lastText(entries: readonly Entry[], turnId: string): string {
  for (const { body, turnId: of } of entries.toReversed()) {
    if (of !== turnId || body.kind !== "assistant") continue;
    const text = textOf(body.content);
    if (text.trim() !== "") return text;
  }
  return "";
}

export function textOf(content: readonly AssistantPart[]): string {
  return content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
}

export function callsOf(answer: { readonly content: readonly AssistantPart[] }): readonly CallPart[] {
  return answer.content.filter((part) => part.type === "tool_call");
}

function pendingCalls(parts: readonly CallPart[], after: readonly Entry[]): readonly PendingCall[] {
  const begun = new Set(after.flatMap(({ body }) => (body.kind === "tool_call" ? [body.callId] : [])));
  const done = new Set(after.flatMap(({ body }) => (body.kind === "tool_result" ? [body.callId] : [])));
  return parts
    .filter((part) => !done.has(part.callId))
    .map((part) => ({ part, state: begun.has(part.callId) ? "begun" : "fresh" }));
}
