// Models that say what the test wrote down, and remember what they were asked.
import { setTimeout as delay } from "node:timers/promises";
import type { Json } from "../../src/base/json.ts";
import type { AssistantPart, StopReason, Usage } from "../../src/base/transcript.ts";
import type { ModelCall, ModelEvent, ModelInfo, Models } from "../../src/model/model.ts";

export type ScriptedStep =
  | {
      readonly text?: string;
      readonly reasoning?: AssistantPart;
      readonly calls?: readonly { readonly tool: string; readonly input: Json; readonly callId?: string }[];
      readonly stopReason?: StopReason;
      readonly spent?: Usage;
      readonly onAsked?: () => void | Promise<void>;
    }
  | { readonly error: Error; readonly spent?: Usage }
  /** Says this and then nothing, until it is cancelled. */
  | { readonly hang: string };

export type ScriptedModels = Models & { readonly calls: readonly ModelCall[]; readonly left: () => number };

export const spentUsage: Usage = {
  inputTokens: 100,
  outputTokens: 10,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  costMicros: 50,
  estimated: false,
};

export const testModel: ModelInfo = {
  provider: "faux",
  id: "one",
  name: "One",
  contextTokens: 100_000,
  outputTokensMax: 4_000,
  reasoning: false,
  images: false,
  cost: null,
};

type Script = readonly ScriptedStep[] | ((call: ModelCall, at: number) => ScriptedStep);

export function createScriptedModels(script: Script, infos: readonly ModelInfo[] = [testModel]): ScriptedModels {
  const calls: ModelCall[] = [];
  const describe = (ref: string): ModelInfo | undefined => infos.find((info) => `${info.provider}/${info.id}` === ref);
  return {
    calls,
    left: () => (typeof script === "function" ? 0 : script.length - calls.length),
    describe,
    list: () => infos,
    candidates: (_agentId, purpose) =>
      purpose === "main" ? infos.slice(0, 1).map((info) => `${info.provider}/${info.id}`) : [],
    async *stream(call, signal) {
      const step = typeof script === "function" ? script(call, calls.length) : script[calls.length];
      // A copy: what is asked must not change after it was asked.
      calls.push(structuredClone({ ...call, prompt: call.prompt }));
      if (step === undefined) throw new Error(`the script has no answer number ${calls.length}`);
      const info = describe(call.candidates[0] ?? "") ?? testModel;
      yield* play(step, { provider: info.provider, model: info.id }, signal);
    },
  };
}

async function* play(
  step: ScriptedStep,
  model: { readonly provider: string; readonly model: string },
  signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  yield { type: "attempt", ...model, number: 1 };
  if ("spent" in step && step.spent !== undefined) yield { type: "spent", usage: step.spent, ...model };
  if ("error" in step) throw step.error;
  if ("hang" in step) {
    yield { type: "text", delta: step.hang };
    await delay(60_000, undefined, { signal });
    return;
  }
  await step.onAsked?.();
  if (step.text !== undefined) for (const delta of step.text.match(/[^]{1,7}/g) ?? []) yield { type: "text", delta };
  const content: AssistantPart[] = step.reasoning === undefined ? [] : [step.reasoning];
  if (step.text !== undefined) content.push({ type: "text", text: step.text });
  (step.calls ?? []).forEach(({ tool, input, callId }, at) =>
    content.push({ type: "tool_call", callId: callId ?? `call_${at}`, tool, input }),
  );
  const stopReason = step.stopReason ?? (step.calls === undefined ? "stop" : "tool_use");
  yield { type: "finish", content, usage: spentUsage, stopReason, ...model };
}
