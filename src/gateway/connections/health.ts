// The `health` event: every minute, and soon after something changed, as long as somebody listens.
import { limits } from "../../base/limits.ts";
import type { StateVersion } from "../../protocol/frames.ts";
import type { Connections } from "./connections.ts";

export type HealthEvents = {
  /** What was last told, for the greeting of whoever comes now. */
  last(): Readonly<Record<string, unknown>>;
  changed(): void;
  close(): void;
};

export type HealthDeps = {
  readonly connections: Connections;
  readonly ask: () => Promise<Readonly<Record<string, unknown>>>;
  readonly stateVersion: { -readonly [K in keyof StateVersion]: StateVersion[K] };
  readonly report: (error: unknown) => void;
};

export function createHealthEvents(deps: HealthDeps): HealthEvents {
  const { connections, stateVersion } = deps;
  const regular = setInterval(() => void tell(), limits.healthIntervalMs);
  let last: Readonly<Record<string, unknown>> = { ok: true };
  let soon: NodeJS.Timeout | undefined;

  async function tell(): Promise<void> {
    clearTimeout(soon);
    soon = undefined;
    if (!connections.isHeard("health")) return;
    try {
      last = await deps.ask();
    } catch (error) {
      return deps.report(error);
    }
    stateVersion.health += 1;
    await connections.spread("health", last, { stateVersion: { ...stateVersion } });
  }

  return {
    last: () => last,
    changed() {
      soon ??= setTimeout(() => void tell(), limits.healthDelayMs);
    },
    close() {
      clearInterval(regular);
      clearTimeout(soon);
    },
  };
}
