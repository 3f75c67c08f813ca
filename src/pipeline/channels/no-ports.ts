// For channels that reach nothing beyond their own door, as the terminal does: whatever they ask for is refused.
import { systemClock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import type { ChannelPorts } from "../../channel/channel.ts";

export const noPorts: ChannelPorts = {
  accounts: () => [],
  fetch: refuse,
  state: { get: refuse, set: refuse },
  media: { save: refuse, load: refuse },
  commands: [],
  health: () => undefined,
  report: () => undefined,
  clock: systemClock,
};

async function refuse(): Promise<never> {
  throw new LoricaError("unavailable", "this channel has nothing beyond its own door");
}
