// Who is behind addresses, remembered for seconds and asked at a pace: each question starts a program, and who may write
// the header that leads to one is not known yet.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { Tailscale } from "./tailscale.ts";

type Known = { readonly login: Promise<string | undefined>; readonly until: number };

export type Identities = { loginOf(address: string): Promise<string | undefined> };

export function createIdentities(
  tailscale: Pick<Tailscale, "whois">,
  now: () => number,
  signal: AbortSignal,
): Identities {
  const known = new Map<string, Known>();
  const second = { startedAt: 0, asked: 0 };

  function take(): void {
    if (now() - second.startedAt >= 1_000) Object.assign(second, { startedAt: now(), asked: 0 });
    second.asked += 1;
    if (second.asked > limits.whoisPerSecond)
      throw new LoricaError("overloaded", "too many addresses are being asked after; try again in a moment", {
        retryAfterMs: 1_000,
      });
  }

  return {
    loginOf(address) {
      const held = known.get(address);
      if (held !== undefined && held.until > now()) return held.login;
      take();
      const login = tailscale.whois(address, signal);
      known.delete(address);
      known.set(address, { login, until: now() + limits.whoisMemoryMs });
      const [oldest] = known.keys();
      if (known.size > limits.whoisKnownMax && oldest !== undefined) known.delete(oldest);
      // A daemon that could not be asked is asked again.
      login.catch(() => known.get(address)?.login === login && known.delete(address));
      return login;
    },
  };
}
