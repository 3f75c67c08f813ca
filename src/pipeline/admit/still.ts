// A message may wait: in its lane, over a restart, as a reply that cannot leave. Whoever was sent away meanwhile, or is
// less than they were, is judged by what they are now.
import type { Principal } from "../../base/principal.ts";
import type { ChannelDefinition } from "../../channel/channel.ts";
import type { InboxRow } from "../../store/store.ts";
import { gateFor } from "./plan.ts";
import type { GateOptions } from "./plan.ts";
import { standingOf } from "./visitor.ts";

type Options = GateOptions & { readonly channels: readonly ChannelDefinition[] };

const rank: Readonly<Record<Principal["kind"], number>> = { stranger: 0, member: 1, owner: 2, system: 2 };

/** Why the sender of a message that was taken in would not be by now; undefined where nothing has changed for the worse. */
export function goneSince({ envelope, routed }: Pick<InboxRow, "envelope" | "routed">, options: Options) {
  const door = options.channels.find(({ id }) => id === envelope.channel);
  if (door?.senders === "owner") return undefined;
  const standing = standingOf(envelope, gateFor(envelope, options));
  const is = standing.kind === "dropped" || standing.as === undefined ? -1 : rank[standing.as];
  return is >= rank[routed?.principal.kind ?? "system"] ? undefined : "the sender was sent away meanwhile";
}
