// What the gateway process gives its channels: accounts from the config, the broker's way out, and places in the store.
import { parseCommand, textCommands } from "../../agent/agent.ts";
import type { TurnRunner } from "../../agent/agent.ts";
import type { AuditLog } from "../../audit/audit.ts";
import { systemClock } from "../../base/clock.ts";
import { newId } from "../../base/ids.ts";
import { everyone } from "../../base/label.ts";
import type { Action } from "../../base/action.ts";
import { noUsage } from "../../base/transcript.ts";
import { createChannelEgress } from "../../broker/client.ts";
import type { Link } from "../../broker/client.ts";
import type { ChannelDefinition, ChannelPorts, PlatformRequest } from "../../channel/channel.ts";
import type { Policy } from "../../policy/policy.ts";
import { channelAccounts } from "../settings/channels.ts";
import type { ChannelStart } from "../settings/channels.ts";
import type { Store } from "../../store/store.ts";
import { LoricaError } from "../../base/errors.ts";

export type ChannelGround = {
  readonly link: Link;
  readonly policy: Policy;
  readonly audit: AuditLog;
  readonly store: Store;
  readonly start: () => ChannelStart;
  readonly report: (id: string, error: unknown) => void;
};

/** Undefined for the doors that are not a platform's. */
export function createChannelPorts(
  channels: readonly ChannelDefinition[],
  ground: ChannelGround,
): (channel: string) => ChannelPorts | undefined {
  const egress = createChannelEgress(ground.link, ground.policy.redeem);
  const { store, policy, audit } = ground;
  return (channel) => {
    if (channels.find(({ id }) => id === channel)?.route === undefined) return undefined;
    return {
      accounts: () => channelAccounts(ground.start(), channel),
      async fetch(request, signal) {
        const decision = policy.decide(requestOf(channel, request));
        if (decision.kind === "deny") {
          const { rule, reason } = decision;
          // What is allowed is not recorded: a channel asks its platform all day, and the rest would drown in that.
          audit.record({ kind: "decision", verdict: "deny", rule, reason, ...auditOf(channel, request) });
          throw new LoricaError("forbidden", reason);
        }
        return egress.fetch(decision.grant, { headers: request.headers, body: request.body }, signal);
      },
      state: {
        get: (account, key) => store.channelState.get({ channel, account }, key),
        set: (account, key, value) => store.channelState.set({ channel, account }, key, value),
      },
      media: store.media,
      commands: ground.start().config.commands.native === false ? [] : textCommands,
      health: () => undefined,
      report: (error) => ground.report(newId(), error),
      clock: systemClock,
    };
  };
}

/** Nobody's turn: a channel asks its platform for messages before anybody is to answer them. */
function requestOf(channel: string, { account, method, url }: PlatformRequest): Action<"channel.request"> {
  return {
    verb: "channel.request",
    agentId: "",
    sessionKey: "",
    principal: { id: `channel:${channel}`, kind: "system", account },
    label: { integrity: "owner", readers: [everyone] },
    resource: { channel, account, method, url },
  };
}

function auditOf(channel: string, { account, method }: PlatformRequest) {
  const resource = `${method} ${channel}/${account}`;
  return { verb: "channel.request", principal: `channel:${channel}`, resource } as const;
}

const noModel =
  "No model is configured, so nobody can answer here yet. The owner sets one up with: lorica onboard. Your message is kept.";

/** The rehearsal model is for the owner's own terminal. People who write over a platform are told what is missing. */
export function withoutRehearsal(
  runner: TurnRunner,
  parts: {
    readonly isPlatform: (channel: string) => boolean;
    readonly hasModel: (agentId: string) => boolean;
    readonly store: Store;
  },
): TurnRunner {
  return {
    async run(turn, run) {
      if (!parts.isPlatform(turn.replyTo.channel) || parts.hasModel(turn.agentId)) return runner.run(turn, run);
      const messages = await Promise.all(turn.inboxIds.map((id) => parts.store.inbox.find(id)));
      // Commands cost no model, and the owner may be typing the one that helps.
      if (messages.some((row) => row !== undefined && parseCommand(row.envelope.text) !== undefined))
        return runner.run(turn, run);
      const outcome = { status: "done", text: noModel, stopReason: "stop", provider: "lorica", model: "none" } as const;
      return { outcome: { ...outcome, usage: noUsage }, label: turn.label };
    },
  };
}
