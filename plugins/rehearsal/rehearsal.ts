// The rehearsal model: an embedded provider without network and without intelligence, for demonstrations, scenarios and
// tests. It says so in each answer of its own. docs/rehearsal.md documents what makes it do what.
import type { LanguageModelV4, LanguageModelV4CallOptions } from "@ai-sdk/provider";
import { defineProvider, estimateTokens } from "../../src/model/model.ts";
import { definePlugin } from "../../src/plugin/plugin.ts";
import { answerByItself, label } from "./demonstration.ts";
import { readExchange } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { hasGrammar, parseGrammar } from "./grammar.ts";
import type { Step } from "./grammar.ts";
import { failureOf, perform, refusal } from "./perform.ts";
import type { Stage } from "./perform.ts";

export const rehearsal = definePlugin({
  id: "rehearsal",
  providers: [defineProvider({ apis: ["rehearsal"], load: async () => () => createRehearsalModel })],
});

function createRehearsalModel(modelId: string): LanguageModelV4 {
  return {
    specificationVersion: "v4",
    provider: "rehearsal",
    modelId,
    supportedUrls: {},
    async doStream(options) {
      const stage = stageOf(options);
      const step = chooseStep(stage.exchange, options);
      const fail = failureOf(step, stage);
      const error = fail === undefined ? undefined : refusal(fail);
      if (error !== undefined) throw error;
      return { stream: ReadableStream.from(perform(step, stage)) };
    },
    async doGenerate() {
      throw new Error("the rehearsal model only streams");
    },
  };
}

function stageOf(options: LanguageModelV4CallOptions): Stage {
  const attempt = options.providerOptions?.rehearsal?.attempt;
  return {
    exchange: readExchange(options.prompt),
    inputTokens: estimateTokens(options.prompt),
    attempt: typeof attempt === "number" ? attempt : 1,
    signal: options.abortSignal ?? new AbortController().signal,
  };
}

/** Grammar counts only where the caller has switched it on; a script, given by value, takes the message's place. */
function chooseStep(exchange: Exchange, options: LanguageModelV4CallOptions): Step {
  const drive = options.providerOptions?.rehearsal;
  const script = typeof drive?.script === "string" ? drive.script : exchange.asked;
  if (drive?.grammar !== true || !hasGrammar(script)) return answerByItself(exchange, options.tools);
  const steps = parseGrammar(script);
  if (!steps.ok) return [{ kind: "say", text: `${steps.reason} (${label})`, delayMs: 0 }];
  return steps.value[exchange.step] ?? [{ kind: "say", text: `The script is over. (${label})`, delayMs: 0 }];
}
