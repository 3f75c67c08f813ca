// From what config and callers write (`provider/model`, an alias, a bare name) to a model that can be called.
import { LoricaError } from "../base/errors.ts";
import type { Json } from "../base/json.ts";
import { isLocalProvider } from "../protocol/providers.ts";
import { carefulDefaults, catalogueOf, findFacts } from "./catalog.ts";
import type { ModelCost, ModelInfo } from "./model.ts";
import type { ModelFunction } from "./models.ts";
import type { ConfiguredModel, ConfiguredProvider, ModelsSettings } from "./settings.ts";

/** A model that can be called. */
export type Candidate = {
  /** `provider/model`, as it is shown and counted. */
  readonly ref: string;
  readonly provider: ConfiguredProvider;
  readonly info: ModelInfo;
  /** What the provider calls it. */
  readonly wireId: string;
  readonly params: Readonly<Record<string, Json>>;
  readonly outputTokensMax: number;
};

export type Directory = {
  /** Throws `not_found` and says what there is. */
  find(ref: string): Candidate;
  describe(ref: string): ModelInfo | undefined;
  list(): readonly ModelInfo[];
  candidates(agentId: string, purpose: ModelFunction): readonly string[];
};

const free = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 } as const;

export function createDirectory(settings: ModelsSettings): Directory {
  const providers = new Map(settings.providers.map((provider) => [provider.id, provider]));
  const aliases = new Map(
    Object.entries(settings.options).flatMap(([ref, { alias }]) =>
      alias === undefined ? [] : [[alias, ref] as const],
    ),
  );
  const list = (): readonly ModelInfo[] => settings.providers.flatMap(modelsOf);

  function find(asked: string): Candidate {
    const ref = aliases.get(asked) ?? asked;
    const slash = ref.indexOf("/");
    const provider = providers.get(ref.slice(0, Math.max(0, slash)));
    if (provider !== undefined) return candidateOf(provider, ref.slice(slash + 1), settings);
    // A bare name, or one with a slash of its own as `ai/llama3.2`, is clear where exactly one provider has it.
    const homes = list().filter((info) => info.id === ref);
    const home = homes.length === 1 ? providers.get(homes[0]?.provider ?? "") : undefined;
    if (home !== undefined) return candidateOf(home, ref, settings);
    throw unknownModel(asked, homes, { providers: [...providers.keys()], aliases: [...aliases.keys()] });
  }

  return {
    find,
    describe(ref) {
      try {
        return find(ref).info;
      } catch (error) {
        if (error instanceof LoricaError && error.code === "not_found") return undefined;
        throw error;
      }
    },
    list,
    candidates(agentId, purpose) {
      const agent = settings.agents.get(agentId) ?? settings.defaults;
      return agent[purpose] ?? agent.main;
    },
  };
}

function candidateOf(provider: ConfiguredProvider, modelId: string, settings: ModelsSettings): Candidate {
  const ref = `${provider.id}/${modelId}`;
  const known = provider.models.some((model) => model.id === modelId);
  if (modelId === "" || (provider.catalogue === "replace" && !known && provider.models.length > 0)) {
    const names = modelsOf(provider).map((info) => `${provider.id}/${info.id}`);
    throw new LoricaError("not_found", `there is no model ${ref}. Config names these: ${names.join(", ")}`);
  }
  const info = describeModel(provider, modelId);
  const options = settings.options[ref];
  return {
    ref,
    provider,
    info,
    wireId: wireIdOf(provider.id, modelId),
    params: { ...provider.params, ...options?.params },
    outputTokensMax: Math.min(options?.outputTokensMax ?? info.outputTokensMax, info.outputTokensMax),
  };
}

/** All that a provider is known to have: what config names, then the catalogue. */
function modelsOf(provider: ConfiguredProvider): readonly ModelInfo[] {
  const ids = new Set(provider.models.map((model) => model.id));
  if (provider.catalogue === "merge") for (const facts of catalogueOf(provider.id)) ids.add(facts.id);
  return [...ids].map((id) => describeModel(provider, id));
}

function describeModel(provider: ConfiguredProvider, modelId: string): ModelInfo {
  const configured = provider.models.find((model) => model.id === modelId);
  // A router's variant (`:nitro`, `:floor`, `:free`) is the same model at another price.
  const base = modelId.replace(/:[a-z]+$/, "");
  const facts = findFacts(provider.id, modelId) ?? findFacts(provider.id, base) ?? carefulDefaults(modelId);
  const cost = isFree(provider, modelId) ? free : facts.cost;
  const { cost: prices, ...given } = configured ?? {};
  return {
    ...facts,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    id: modelId,
    provider: provider.id,
    cost: prices === undefined ? cost : mergeCost(prices, cost),
  };
}

/** Where the cache has no price that anybody knows, it is that of input: too much is better than nothing. */
function mergeCost(given: NonNullable<ConfiguredModel["cost"]>, known: ModelCost | null): ModelCost {
  const input = given.input ?? known?.input ?? 0;
  return {
    input,
    output: given.output ?? known?.output ?? 0,
    cacheRead: given.cacheRead ?? known?.cacheRead ?? input,
    cacheWrite: given.cacheWrite ?? known?.cacheWrite ?? input,
  };
}

/** What the owner's own machine computes costs nothing (COST-004); a proxy on it may. */
function isFree(provider: ConfiguredProvider, modelId: string): boolean {
  if (provider.api === "rehearsal" || modelId.endsWith(":free")) return true;
  return isLocalProvider(provider.id, provider.baseUrl);
}

/** OpenRouter's own model is named with its own prefix, unlike the models of others that it offers. */
function wireIdOf(providerId: string, modelId: string): string {
  return providerId === "openrouter" && modelId === "auto" ? "openrouter/auto" : modelId;
}

function unknownModel(
  asked: string,
  homes: readonly ModelInfo[],
  known: { readonly providers: readonly string[]; readonly aliases: readonly string[] },
): LoricaError {
  if (homes.length > 1) {
    const refs = homes.map((info) => `${info.provider}/${info.id}`).join(", ");
    return new LoricaError("not_found", `several providers have ${asked}; write one of ${refs}`);
  }
  const providers = known.providers.length === 0 ? "none is configured" : known.providers.join(", ");
  const aliases = known.aliases.length === 0 ? "" : `; aliases: ${known.aliases.join(", ")}`;
  return new LoricaError(
    "not_found",
    `there is no model ${asked.slice(0, 200)}: write provider/model. Providers: ${providers}${aliases}`,
  );
}
