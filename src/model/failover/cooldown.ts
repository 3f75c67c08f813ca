// Which models are spared for a while because they failed just now. Sparing only ever prefers another candidate: where
// there is none, the call is tried, so that one failure never shuts out sessions that have nowhere else to go.
import type { Clock } from "../../base/clock.ts";
import { limits } from "../../base/limits.ts";
import { consequences } from "./failure.ts";
import type { Failure, FailureKind } from "./failure.ts";

export type CooldownState = {
  /** `provider`, or `provider/model`. */
  readonly key: string;
  readonly until: number;
  readonly failures: number;
  readonly kind: FailureKind;
  /** The provider itself named the time. */
  readonly asked: boolean;
};

export type Cooldowns = {
  /** Undefined where the candidate may be tried now; else what spares it. Past its time, one caller at a time probes. */
  spared(provider: string, model: string): CooldownState | undefined;
  /** This caller probes a candidate whose time has passed; the others keep sparing it until `failed` or `worked`. */
  probe(provider: string, model: string): void;
  failed(provider: string, model: string, failure: Failure): void;
  worked(provider: string, model: string): void;
  states(): readonly CooldownState[];
};

type Entry = CooldownState & { readonly probingUntil: number };

export function createCooldowns(clock: Clock): Cooldowns {
  const entries = new Map<string, Entry>();
  const keysOf = (provider: string, model: string): readonly string[] => [provider, `${provider}/${model}`];
  return {
    spared(provider, model) {
      const now = clock.now();
      return keysOf(provider, model)
        .map((key) => entries.get(key))
        .find((entry) => entry !== undefined && (entry.until > now || entry.probingUntil > now));
    },
    probe(provider, model) {
      for (const key of keysOf(provider, model)) {
        const entry = entries.get(key);
        // The probe itself may die without a word, so its claim ends by itself.
        if (entry !== undefined) entries.set(key, { ...entry, probingUntil: clock.now() + limits.modelCooldownMs });
      }
    },
    failed(provider, model, failure) {
      const { cools } = consequences[failure.kind];
      if (cools === "nothing") return;
      const key = cools === "provider" ? provider : `${provider}/${model}`;
      const failures = (entries.get(key)?.failures ?? 0) + 1;
      const until = clock.now() + cooldownMs(failures, failure.retryAfterMs);
      const asked = failure.retryAfterMs !== undefined;
      entries.delete(key);
      entries.set(key, { key, until, failures, kind: failure.kind, asked, probingUntil: 0 });
      const oldest = entries.keys().next();
      if (entries.size > limits.modelCooldownsMax && oldest.done !== true) entries.delete(oldest.value);
    },
    worked(provider, model) {
      for (const key of keysOf(provider, model)) entries.delete(key);
    },
    states() {
      return [...entries.values()].map(({ key, until, failures, kind, asked }) => ({
        key,
        until,
        failures,
        kind,
        asked,
      }));
    },
  };
}

/** What the provider asked for; else it doubles with each failure in a row. */
function cooldownMs(failures: number, retryAfterMs: number | undefined): number {
  const doubled = Math.min(limits.modelCooldownMs * 2 ** Math.min(failures - 1, 20), limits.modelCooldownMaxMs);
  return retryAfterMs === undefined ? doubled : Math.min(Math.max(retryAfterMs, 0), limits.modelCooldownMaxMs);
}
