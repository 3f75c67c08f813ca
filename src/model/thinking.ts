// How much a model shall think, in the words of each wire format.
import type { LanguageModelV4CallOptions, SharedV4ProviderOptions } from "@ai-sdk/provider";
import type { ThinkingLevel } from "../base/envelope.ts";
import { sha256 } from "../base/ids.ts";
import type { Candidate } from "./directory.ts";
import type { ModelCall } from "./models.ts";

type Reasoning = NonNullable<LanguageModelV4CallOptions["reasoning"]>;

/** The libraries know which levels each model has, and turn a level into effort or budget. */
const levels: Readonly<Record<ThinkingLevel, Reasoning>> = {
  off: "none",
  minimal: "minimal",
  low: "low",
  medium: "medium",
  high: "high",
  xhigh: "xhigh",
  max: "max",
  adaptive: "provider-default",
};

/** Undefined for a model that cannot think: it would refuse the request for asking. */
export function reasoningFor(call: ModelCall, candidate: Candidate): Reasoning | undefined {
  if (!candidate.info.reasoning) return undefined;
  const level = levels[call.thinking];
  return cannotStop(candidate) && level === "none" ? "minimal" : level;
}

export function providerOptionsFor(call: ModelCall, candidate: Candidate, attempt: number): SharedV4ProviderOptions {
  switch (candidate.provider.api) {
    case "anthropic-messages":
      return { anthropic: anthropicOptions(call, candidate) };
    case "openai-responses":
      // Nothing is kept at the provider; what it must see again travels encrypted in the conversation.
      return { openai: { store: false, promptCacheKey: cacheKey(call), reasoningSummary: null } };
    case "openai-completions":
      return {};
    case "google-generative-ai":
      return thinks(call, candidate) ? { google: { thinkingConfig: { includeThoughts: true } } } : {};
    case "rehearsal":
      return { rehearsal: { ...call.rehearsal, attempt } };
  }
}

function anthropicOptions(call: ModelCall, candidate: Candidate): SharedV4ProviderOptions[string] {
  // The library's own way of streaming tool arguments adds a header and a field that compatible servers refuse.
  const common = { toolStreaming: false };
  return call.thinking === "adaptive" && candidate.info.reasoning
    ? { ...common, thinking: { type: "adaptive" } }
    : common;
}

/** The first generations of reasoning models of this format have no level for not thinking at all. */
function cannotStop(candidate: Candidate): boolean {
  return candidate.provider.api.startsWith("openai-") && /(^|\/)(o\d|gpt-5(-|$)|gpt-oss|gpt-6)/.test(candidate.wireId);
}

function thinks(call: ModelCall, candidate: Candidate): boolean {
  return candidate.info.reasoning && call.thinking !== "off";
}

/** Requests of one session should meet the same cache; the session's name is nobody's business. */
function cacheKey(call: ModelCall): string {
  return sha256(call.sessionKey).slice(0, 32);
}
