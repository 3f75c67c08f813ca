// The contract of a model provider. Any AI SDK provider is one: `LanguageModelV4` is what the agent loop speaks.
import type { LanguageModelV4 } from "@ai-sdk/provider";
import type { Json } from "../base/json.ts";

export { createModels } from "./create-models.ts";
export type { ModelService } from "./create-models.ts";
export { estimateTokens } from "./estimate.ts";
export type { ModelCall, ModelEvent, Models } from "./models.ts";
export type { AgentModels, ConfiguredModel, ConfiguredProvider, ModelOptions, ModelsSettings } from "./settings.ts";

export type ModelApi =
  | "openai-completions"
  | "openai-responses"
  | "anthropic-messages"
  | "google-generative-ai"
  | "rehearsal";

/** What the gateway knows of a provider. Its credential is not among it: the broker has that. */
export type ProviderSettings = {
  readonly id: string;
  readonly api: ModelApi;
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Passed on in each request body, as OpenRouter's `provider` object. */
  readonly params: Readonly<Record<string, Json>>;
  readonly timeoutMs: number;
};

/** Limits in tokens; prices in US dollars per million tokens, null where unknown. */
export type ModelInfo = {
  readonly provider: string;
  readonly id: string;
  readonly name: string;
  readonly contextTokens: number;
  readonly outputTokensMax: number;
  readonly reasoning: boolean;
  readonly images: boolean;
  readonly cost: ModelCost | null;
};

export type ModelCost = {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
};

/** The standard `fetch`, with the broker on its other side. */
export type ProviderFetch = typeof globalThis.fetch;

export type ProviderDefinition = {
  readonly apis: readonly ModelApi[];
  /** Loads the provider's library; called only when a configured provider needs it. */
  readonly load: () => Promise<
    (settings: ProviderSettings, fetch: ProviderFetch) => (modelId: string) => LanguageModelV4
  >;
};

export function defineProvider(definition: ProviderDefinition): ProviderDefinition {
  return Object.freeze(definition);
}
