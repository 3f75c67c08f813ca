// Connects an attempt to a provider: loads the plugin that speaks its format, and gives it a way out of its own that
// lives exactly as long as the attempt.
import type { LanguageModelV4 } from "@ai-sdk/provider";
import { LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { abortError, unlessAborted } from "../base/wait.ts";
import { parseModelList } from "../protocol/local-servers.ts";
import { findKnownProvider, isLocalProvider } from "../protocol/providers.ts";
import type { Candidate } from "./directory.ts";
import { failureError } from "./failover/failure.ts";
import type { ProviderDefinition, ProviderFetch } from "./model.ts";
import type { ModelCall } from "./models.ts";
import { createProviderFetch, createWatchdog } from "./provider-fetch.ts";
import type { AttemptTimeouts, FetchEffects, Watchdog } from "./provider-fetch.ts";
import { defaultTimeouts } from "./settings.ts";
import type { ConfiguredProvider, ModelsSettings, ModelTimeouts } from "./settings.ts";

export type Asker = Pick<ModelCall, "agentId" | "sessionKey" | "principal" | "label">;

export type Connection = {
  readonly watchdog: Watchdog;
  readonly signal: AbortSignal;
  readonly model: LanguageModelV4;
  /** Closes whatever is still open to the provider. */
  close(): void;
};

export type Connector = {
  connect(candidate: Candidate, call: Asker, signal: AbortSignal): Promise<Connection>;
  /** Asks a provider which models it has. */
  available(provider: ConfiguredProvider, call: Asker, signal: AbortSignal): Promise<readonly string[]>;
};

export type ConnectorOptions = FetchEffects & { readonly providers: readonly ProviderDefinition[] };

type Factory = Awaited<ReturnType<ProviderDefinition["load"]>>;

const listTimeoutMs = 5_000;

export function createConnector(options: ConnectorOptions, settings: () => ModelsSettings): Connector {
  const loaded = new Map<ProviderDefinition, Promise<Factory>>();
  const shelf = createShelf();

  function load(provider: ConfiguredProvider): Promise<Factory> {
    const definition = options.providers.find(({ apis }) => apis.includes(provider.api));
    if (definition === undefined)
      throw new LoricaError("unavailable", `no plugin speaks ${provider.api}, which provider ${provider.id} is set to`);
    const loading = loaded.get(definition) ?? definition.load();
    loaded.set(definition, loading);
    return loading;
  }

  function open(provider: ConfiguredProvider, call: Asker, more: Opening): Open {
    const link = linkTo(more.signal);
    const watchdog = createWatchdog(timeoutsOf(provider, settings(), more.timeouts), link.controller);
    const use = { call, provider: provider.id, watchdog, signal: link.controller.signal };
    const headers = headersOf(provider, settings());
    const send = createProviderFetch(options, { ...use, headers, params: more.params });
    const close = (): void => {
      watchdog.stop();
      link.end();
    };
    return { fetch: send, watchdog, signal: link.controller.signal, close };
  }

  return {
    async connect(candidate, call, signal) {
      const { provider, params, wireId } = candidate;
      const opened = open(provider, call, { params, signal, timeouts: {} });
      try {
        const create = await unlessAborted(load(provider), opened.signal);
        return { ...opened, model: shelf.modelFor(create, { provider, wireId, opened }) };
      } catch (error) {
        opened.close();
        throw error;
      }
    },
    async available(provider, call, signal) {
      if (provider.api === "rehearsal") return ["rehearsal"];
      const timeouts = { firstByteMs: listTimeoutMs, stallMs: listTimeoutMs };
      const { fetch: send, close, signal: ends } = open(provider, call, { params: {}, signal, timeouts });
      try {
        const response = await unlessAborted(send(`${withVersion(provider)}/models`, { signal: ends }), ends);
        const names = response.ok ? parseModelList(await response.json()) : undefined;
        if (names === undefined)
          throw new LoricaError(
            "upstream",
            `${provider.id} answered HTTP ${response.status} and no list of its models`,
          );
        return names.map((name) => name.replace(/^models\//, ""));
      } finally {
        close();
      }
    },
  };
}

/**
 * A library builds its schemas anew with each model object, which costs more than the rest of a call. So the objects
 * are kept while their settings hold, and the signal of a request, which libraries hand on, tells whose it is.
 */
function createShelf() {
  const models = new WeakMap<ConfiguredProvider, Map<string, LanguageModelV4>>();
  const ways = new WeakMap<AbortSignal, ProviderFetch>();
  const send: ProviderFetch = async (input, init) => {
    const way = init?.signal ? ways.get(init.signal) : undefined;
    if (way === undefined) throw failureError("forbidden", "a model library asked for something outside of a call");
    return way(input, init);
  };
  return {
    modelFor(
      create: Factory,
      { provider, wireId, opened }: Pick<Candidate, "provider" | "wireId"> & { readonly opened: Open },
    ): LanguageModelV4 {
      ways.set(opened.signal, opened.fetch);
      const held = models.get(provider) ?? new Map<string, LanguageModelV4>();
      models.set(provider, held);
      const model = held.get(wireId) ?? create({ ...provider, baseUrl: withVersion(provider) }, send)(wireId);
      held.set(wireId, model);
      // Callers may name models that nobody configured: the oldest make room.
      for (const id of held.keys()) if (held.size > limits.modelsHeldMax) held.delete(id);
      return model;
    },
  };
}

type Open = Omit<Connection, "model"> & { readonly fetch: ProviderFetch };
type Opening = {
  readonly params: Candidate["params"];
  readonly signal: AbortSignal;
  readonly timeouts: Partial<ModelTimeouts>;
};

/** The base URL of a provider with the version in its path, which people leave out as often as not. */
function withVersion(provider: ConfiguredProvider): string {
  const base = provider.baseUrl.replace(/\/+$/, "");
  if (!URL.canParse(base) || findKnownProvider(provider.id)?.baseUrl === base) return base;
  const versioned = /\/v\d+[a-z]*$/.test(base);
  const bare = new URL(base).pathname === "/";
  if (provider.api === "anthropic-messages") return versioned ? base : `${base}/v1`;
  if (provider.api === "google-generative-ai") return bare ? `${base}/v1beta` : base;
  return bare ? `${base}/v1` : base;
}

function timeoutsOf(
  provider: ConfiguredProvider,
  settings: ModelsSettings,
  more: Partial<ModelTimeouts>,
): AttemptTimeouts {
  const { firstByteMs, stallMs, callMs } = { ...defaultTimeouts, ...settings.timeouts, ...more };
  const attemptMs = provider.timeoutMs > 0 ? provider.timeoutMs : callMs;
  // A local server may have to load its model first. That it takes minutes is no reason to ask it a second time.
  const patient = provider.timeoutMs > 0 && isLocalProvider(provider.id, provider.baseUrl);
  return { firstByteMs: patient ? attemptMs : firstByteMs, stallMs, attemptMs };
}

const credentialHeaders = /^(authorization|proxy-authorization|cookie|api-key|x-api-key|x-goog-api-key)$/i;

function headersOf(provider: ConfiguredProvider, settings: ModelsSettings): Readonly<Record<string, string>> {
  const configured = Object.entries(provider.headers).filter(([name]) => !credentialHeaders.test(name));
  const named = settings.attribution;
  return {
    ...(settings.userAgent === "" ? {} : { "user-agent": settings.userAgent }),
    ...(named === undefined ? {} : { "http-referer": named.url, "x-title": named.title }),
    ...Object.fromEntries(configured.map(([name, value]) => [name.toLowerCase(), value])),
  };
}

const over = new LoricaError("cancelled", "the call is over");

/** A controller that ends with its parent. Unlike `AbortSignal.any` it leaves nothing behind when it is done. */
function linkTo(parent: AbortSignal): { readonly controller: AbortController; end(): void } {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(abortError(parent));
  if (parent.aborted) onAbort();
  parent.addEventListener("abort", onAbort, { once: true });
  return {
    controller,
    end() {
      parent.removeEventListener("abort", onAbort);
      controller.abort(over);
    },
  };
}
