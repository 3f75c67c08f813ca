// A door whose callers fetch their replies themselves, as the terminal and HTTP do: `wait` gives them the reply, so
// sending is done as soon as it is allowed.
import { assert } from "../base/errors.ts";
import type { Redeem } from "../base/grant.ts";
import { defineChannel } from "../channel/channel.ts";
import type { ChannelDefinition } from "../channel/channel.ts";

export function pulledChannel(options: { readonly id: string; readonly redeem: Redeem }): ChannelDefinition {
  return defineChannel({
    id: options.id,
    // Taking a reply twice is reading it twice.
    capabilities: { idempotentSend: true, textMaxChars: Number.MAX_SAFE_INTEGER },
    senders: "owner",
    replies: "fetched",
    create: () => ({
      async start() {},
      async send(grant, message) {
        const { action } = options.redeem(grant);
        assert(action.resource.outboxId === message.idempotencyKey, "a grant is for the reply it was given for");
        return { kind: "sent", platformId: message.idempotencyKey };
      },
      async stop() {},
    }),
  });
}
