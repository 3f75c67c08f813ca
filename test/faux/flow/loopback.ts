// A channel without a platform: what is sent goes to the test.
import type { ReplyAddress } from "../../../src/base/envelope.ts";
import type { Redeem } from "../../../src/base/grant.ts";
import { defineChannel } from "../../../src/channel/channel.ts";
import type {
  ChannelContext,
  ChannelDefinition,
  OutgoingMessage,
  OutgoingSignal,
  Receipt,
} from "../../../src/channel/channel.ts";

export type Loopback = {
  readonly definition: ChannelDefinition;
  /** What a platform would deliver; only once the channel is started. */
  readonly receive: ChannelContext["receive"];
};

export function createLoopback(options: {
  readonly redeem: Redeem;
  readonly send: (message: OutgoingMessage, signal: AbortSignal) => Promise<Receipt>;
  readonly signal?: (what: OutgoingSignal, to: ReplyAddress) => void;
  readonly id?: string;
  readonly senders?: ChannelDefinition["senders"];
  readonly capabilities?: Partial<ChannelDefinition["capabilities"]>;
}): Loopback {
  let context: ChannelContext | undefined;
  const definition = defineChannel({
    id: options.id ?? "loopback",
    senders: options.senders ?? "owner",
    capabilities: { idempotentSend: false, textMaxChars: 4_000, ...options.capabilities },
    create: () => ({
      async start(started) {
        context = started;
      },
      async send(grant, message, signal) {
        options.redeem(grant);
        return options.send(message, signal);
      },
      async signal(grant, { to, what }) {
        options.redeem(grant);
        options.signal?.(what, to);
      },
      async stop() {},
    }),
  });
  return {
    definition,
    async receive(envelope) {
      if (context === undefined) throw new Error("the loopback channel is not started");
      return context.receive(envelope);
    },
  };
}
