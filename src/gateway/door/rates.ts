// How often one client may ask for what. On for everybody; only what comes directly from this machine, through nothing in
// between, is its owner's own and is left alone.
import { limits } from "../../base/limits.ts";
import { addressGroup } from "../../network/network.ts";
import type { Peer } from "../../pairing/pairing.ts";
import { HttpProblem } from "../http/answer.ts";
import { createRecent } from "../recent.ts";

type Rate = { readonly everyMs: number; readonly burst: number };

const rates = {
  general: { everyMs: 1_000 / limits.httpPerSecond, burst: limits.httpBurst },
  chat: { everyMs: 60_000 / limits.chatPerMinute, burst: limits.chatPerMinute },
  tools: { everyMs: 60_000 / limits.toolsPerMinute, burst: limits.toolsPerMinute },
  connect: { everyMs: 1_000 / limits.connectsPerSecond, burst: limits.connectsBurst },
  webhook: { everyMs: 1_000 / limits.webhooksPerSecond, burst: limits.webhooksBurst },
} as const satisfies Record<string, Rate>;

export type RateKind = keyof typeof rates;

export type Rates = {
  /** Throws 429 with the time to wait. */
  take(kind: RateKind, peer: Pick<Peer, "address" | "isLocal">): void;
  /** How many clients are remembered. */
  size(): number;
};

export function createRates(now: () => number): Rates {
  // What is kept of a client is one moment: when it has, at its rate, used up all that it has asked for.
  const usedUpAt = createRecent<number>({
    entriesMax: limits.rateAddressesMax,
    windowMs: limits.rateMemoryMs,
    now,
  });
  return {
    take(kind, peer) {
      if (peer.isLocal) return;
      const { everyMs, burst } = rates[kind];
      const key = `${kind} ${addressGroup(peer.address)}`;
      const next = Math.max(usedUpAt.find(key) ?? 0, now()) + everyMs;
      const waitMs = next - now() - burst * everyMs;
      if (waitMs > 0.5)
        throw new HttpProblem(429, "too many requests from this address; wait before the next one", {
          retryAfterMs: Math.ceil(waitMs),
          details: { code: "rate_limited" },
        });
      usedUpAt.add(key, next);
    },
    size: () => usedUpAt.size(),
  };
}
