// catalogue
// A snapshot of what is known of models: limits in tokens, prices in US dollars per million tokens. From the public
// models.dev data, whose rows are of between 2026-06 and 2026-10. Higher price tiers for long prompts are left out, so a
// very long prompt costs more than is counted here. Config overrides every field.
import type { ModelCost, ModelInfo } from "./model.ts";

type Facts = Omit<ModelInfo, "provider">;
/** Input, output, cache read, cache write. */
type Prices = readonly [number, number, number, number];

const million = 1_000_000;

// How much the 5.5 models hold was not found: they get what every earlier one holds at the least.
const anthropic = [
  facts("claude-opus-5-5", "Claude Opus 5.5", { context: 200_000, output: 128_000, prices: [4, 20, 0.2, 5] }),
  facts("claude-sonnet-5-5", "Claude Sonnet 5.5", { context: 200_000, output: 128_000, prices: [2, 10, 0.1, 2.5] }),
  facts("claude-opus-5", "Claude Opus 5", { context: million, output: 128_000, prices: [5, 25, 0.5, 6.25] }),
  facts("claude-sonnet-5", "Claude Sonnet 5", { context: million, output: 128_000, prices: [2, 10, 0.2, 2.5] }),
  facts("claude-fable-5", "Claude Fable 5", { context: million, output: 128_000, prices: [10, 50, 1, 12.5] }),
  facts("claude-opus-4-8", "Claude Opus 4.8", { context: million, output: 128_000, prices: [5, 25, 0.5, 6.25] }),
  facts("claude-sonnet-4-6", "Claude Sonnet 4.6", { context: million, output: 64_000, prices: [3, 15, 0.3, 3.75] }),
  facts("claude-haiku-4-5", "Claude Haiku 4.5", { context: 200_000, output: 64_000, prices: [1, 5, 0.1, 1.25] }),
];

// The context is the most that these take as input; their answer has room of its own. Where writing to the cache has no
// price of its own, here and at Google, it is that of input.
const openai = [
  facts("gpt-6-astra", "GPT-6 Astra", { context: 922_000, output: 128_000, prices: [10, 50, 1, 12.5] }),
  facts("gpt-5.6", "GPT-5.6", { context: 922_000, output: 128_000, prices: [2, 10, 0.2, 2.5] }),
  facts("gpt-5.6-luna", "GPT-5.6 Luna", { context: 922_000, output: 128_000, prices: [1, 6, 0.1, 1] }),
  facts("gpt-5.5", "GPT-5.5", { context: 922_000, output: 128_000, prices: [5, 30, 0.5, 5] }),
  facts("gpt-5.4", "GPT-5.4", { context: 272_000, output: 128_000, prices: [2.5, 15, 0.25, 2.5] }),
  facts("gpt-5-mini", "GPT-5 Mini", { context: 272_000, output: 128_000, prices: [0.25, 2, 0.025, 0.25] }),
];

const google = [
  // Introductory price, until the end of 2026.
  facts("gemini-3.8-flash", "Gemini 3.8 Flash", {
    context: 1_048_576,
    output: 65_536,
    prices: [0.75, 3.75, 0.075, 0.75],
  }),
  facts("gemini-3.1-pro-preview", "Gemini 3.1 Pro", { context: 1_048_576, output: 65_536, prices: [2, 12, 0.2, 2] }),
  facts("gemini-3.1-flash-lite", "Gemini 3.1 Flash Lite", {
    context: 1_048_576,
    output: 65_536,
    prices: [0.25, 1.5, 0.025, 0.0833],
  }),
  facts("gemini-2.5-pro", "Gemini 2.5 Pro", { context: 1_048_576, output: 65_536, prices: [1.25, 10, 0.125, 1.25] }),
  facts("gemini-2.5-flash", "Gemini 2.5 Flash", { context: 1_048_576, output: 65_536, prices: [0.3, 2.5, 0.03, 0.3] }),
];

/** Open models that run on an owner's machine. How long a context the server really gives them is its own setting. */
const open = [
  openModel("glm-4.7-flash", { reasoning: true }),
  openModel("qwen3-coder"),
  openModel("gpt-oss", { reasoning: true }),
  openModel("qwen2.5-coder"),
  openModel("llama3.2"),
  openModel("mistral"),
  openModel("gemma2", { context: 8_192 }),
  openModel("phi-4", { context: 16_384 }),
  openModel("deepseek-r1", { reasoning: true }),
];

const byProvider: Readonly<Record<string, readonly Facts[]>> = {
  anthropic,
  openai,
  google,
  rehearsal: [{ ...openModel("rehearsal"), name: "Rehearsal model (not an AI)", contextTokens: 200_000 }],
};

/** Whatever is known by name of a cloud provider's models; empty for all others. */
export function catalogueOf(provider: string): readonly Facts[] {
  return byProvider[provider] ?? [];
}

/** Facts for one model of a provider; undefined where nothing is known of it. */
export function findFacts(provider: string, modelId: string): Facts | undefined {
  const own = catalogueOf(provider);
  const exact = own.find((entry) => entry.id === modelId);
  // A date behind a name, as claude-haiku-4-5-20251001, is the same model.
  const dated = own.find((entry) => modelId.startsWith(`${entry.id}-20`));
  return exact ?? dated ?? findRouted(modelId) ?? findOpen(modelId);
}

/** Routers and gateways name a model with its maker, some of them with other dots. What they charge is their own. */
function findRouted(modelId: string): Facts | undefined {
  const [maker = "", name = "", ...rest] = modelId.split("/");
  if (name === "" || rest.length > 0) return undefined;
  const undotted = name.replace(/(\d)\.(\d)/, "$1-$2");
  const found = catalogueOf(maker).find((entry) => entry.id === name || entry.id === undotted);
  return found === undefined ? undefined : { ...found, cost: null };
}

/** For a model of which nothing is known: little context, and no ability that a request would fail on. */
export function carefulDefaults(modelId: string): Facts {
  return {
    id: modelId,
    name: modelId,
    contextTokens: 32_768,
    outputTokensMax: 4_096,
    reasoning: false,
    images: false,
    cost: null,
  };
}

/** Names as local servers spell them: `ai/llama3.2`, `llama3.2:3b`, `hf.co/org/model`. */
function findOpen(modelId: string): Facts | undefined {
  const name = modelId.split("/").at(-1)?.split(":")[0]?.toLowerCase() ?? "";
  return open.find((entry) => name === entry.id || name.startsWith(`${entry.id}-`));
}

function facts(
  id: string,
  name: string,
  size: { readonly context: number; readonly output: number; readonly prices: Prices },
): Facts {
  const { context, output, prices } = size;
  return {
    id,
    name,
    contextTokens: context,
    outputTokensMax: output,
    reasoning: true,
    images: true,
    cost: costOf(prices),
  };
}

function openModel(id: string, facts: { readonly context?: number; readonly reasoning?: boolean } = {}): Facts {
  const { context = 32_768, reasoning = false } = facts;
  return { ...carefulDefaults(id), contextTokens: context, outputTokensMax: Math.min(8_192, context / 2), reasoning };
}

function costOf([input, output, cacheRead, cacheWrite]: Prices): ModelCost {
  return { input, output, cacheRead, cacheWrite };
}
