// What the models are told of the config, in their own words: main maps the config onto this.
import type { Json } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import type { ModelCost, ProviderSettings } from "./model.ts";
import type { ModelFunction } from "./models.ts";

/** A model as config states it; what is absent comes from the catalogue, else from careful defaults. */
export type ConfiguredModel = {
  readonly id: string;
  readonly name?: string;
  readonly contextTokens?: number;
  readonly outputTokensMax?: number;
  readonly reasoning?: boolean;
  readonly images?: boolean;
  /** A price that is not given is the catalogue's. */
  readonly cost?: { readonly [Price in keyof ModelCost]?: number | undefined };
};

export type ConfiguredProvider = ProviderSettings & {
  readonly models: readonly ConfiguredModel[];
  /** `replace`: only the models named here exist. `merge`: they add to the catalogue. */
  readonly catalogue: "merge" | "replace";
};

/** What config says of one model wherever it is used, by `provider/model`. */
export type ModelOptions = {
  readonly alias?: string;
  /** The most tokens of one answer (COST-010). */
  readonly outputTokensMax?: number;
  /** Put into each request body, over the provider's own. */
  readonly params?: Readonly<Record<string, Json>>;
};

/** The models of one agent by function, first choice first. A function that is absent uses `main`. */
export type AgentModels = { readonly main: readonly string[] } & Readonly<
  Partial<Record<Exclude<ModelFunction, "main">, readonly string[]>>
>;

export type ModelTimeouts = {
  readonly firstByteMs: number;
  readonly stallMs: number;
  /** Of a whole call, all its attempts together. */
  readonly callMs: number;
  /** Before the same model is asked again. */
  readonly retryMs: number;
};

export type ModelsSettings = {
  readonly providers: readonly ConfiguredProvider[];
  readonly options: Readonly<Record<string, ModelOptions>>;
  readonly agents: ReadonlyMap<string, AgentModels>;
  /** For agents that are not in `agents`. */
  readonly defaults: AgentModels;
  /** Sent with every request in place of any library's own. */
  readonly userAgent: string;
  /** How the product names itself to providers that keep statistics of apps; undefined says nothing. */
  readonly attribution?: { readonly title: string; readonly url: string };
  /** A prompt that is estimated to be longer is refused before it is sent (COST-016). */
  readonly inputTokensMax?: number;
  readonly timeouts?: Partial<ModelTimeouts>;
};

export const defaultTimeouts: ModelTimeouts = {
  firstByteMs: limits.modelFirstByteTimeoutMs,
  stallMs: limits.modelStallTimeoutMs,
  callMs: limits.modelCallTimeoutMs,
  retryMs: limits.modelRetryDelayMs,
};
