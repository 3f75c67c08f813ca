// The port `Models`: asks one candidate after another until one answers. One provider's failure is kept to those who
// have nobody else to ask.
import { LoricaError } from "../base/errors.ts";
import { abortError } from "../base/wait.ts";
import { createConnector } from "./connector.ts";
import type { Asker, ConnectorOptions } from "./connector.ts";
import { createDirectory } from "./directory.ts";
import { createEstimator } from "./estimate.ts";
import { createCooldowns } from "./failover/cooldown.ts";
import type { CooldownState } from "./failover/cooldown.ts";
import { streamCall } from "./failover/stream-call.ts";
import type { ModelCall, Models } from "./models.ts";
import { defaultTimeouts } from "./settings.ts";
import type { ModelsSettings } from "./settings.ts";

export type ModelsOptions = ConnectorOptions & { readonly settings: ModelsSettings };

export type ModelService = Models & {
  /** Our guess of a call's prompt for its first candidate, from what the session's calls really took. */
  estimateTokens(call: Pick<ModelCall, "sessionKey" | "candidates" | "prompt" | "tools">): number;
  /** What is spared at the moment, and why. */
  cooldowns(): readonly CooldownState[];
  /** Asks a provider itself for its models. */
  available(providerId: string, asker: Asker, signal: AbortSignal): Promise<readonly string[]>;
  /** Takes effect with the next call. */
  replaceSettings(settings: ModelsSettings): void;
};

export function createModels(options: ModelsOptions): ModelService {
  const { clock } = options;
  let settings = options.settings;
  let directory = createDirectory(settings);
  const connector = createConnector(options, () => settings);
  const cooldowns = createCooldowns(clock);
  const estimator = createEstimator();
  return {
    stream(call, signal) {
      const { callMs, retryMs } = { ...defaultTimeouts, ...settings.timeouts };
      const { inputTokensMax } = settings;
      const context = { directory, cooldowns, estimator, clock, connector, inputTokensMax, retryMs };
      return withDeadline(signal, callMs, (ends) => streamCall(context, call, ends));
    },
    candidates: (agentId, purpose) => directory.candidates(agentId, purpose),
    describe: (ref) => directory.describe(ref),
    list: () => directory.list(),
    estimateTokens({ sessionKey, candidates, prompt, tools }) {
      return estimator.estimate(`${sessionKey} ${candidates[0] ?? ""}`, estimator.measure(prompt, tools)).tokens;
    },
    cooldowns: () => cooldowns.states(),
    async available(providerId, asker, signal) {
      const provider = settings.providers.find(({ id }) => id === providerId);
      if (provider === undefined) throw new LoricaError("not_found", `there is no provider ${providerId}`);
      return connector.available(provider, asker, signal);
    },
    replaceSettings(next) {
      settings = next;
      directory = createDirectory(next);
    },
  };
}

/** Ends what runs inside with the caller's signal, or when its time is over; and leaves no timer behind. */
async function* withDeadline<T>(
  signal: AbortSignal,
  timeoutMs: number,
  run: (ends: AbortSignal) => AsyncGenerator<T, void>,
): AsyncGenerator<T, void> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(abortError(signal));
  const late = (): LoricaError =>
    new LoricaError("timeout", `no model has answered within ${Math.round(timeoutMs / 1_000)} s`);
  const timer = setTimeout(() => controller.abort(late()), timeoutMs);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    yield* run(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
