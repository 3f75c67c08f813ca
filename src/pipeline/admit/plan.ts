// Steps 2 to 4 for one message: everything that is decided about it before it is stored.
import type { Envelope } from "../../base/envelope.ts";
import type { Routed } from "../../store/store.ts";
import { admit } from "../admit.ts";
import type { Dropped, InTheRoom, Refused } from "../admit.ts";
import { labelOf } from "../label.ts";
import { route } from "../route.ts";
import type { PipelineOptions } from "../settings.ts";
import type { Gate } from "./visitor.ts";

export type Plan =
  | {
      readonly kind: "planned";
      readonly envelope: Envelope;
      readonly routed: Routed;
      /** Where what was overheard is put before it. */
      readonly room: string | undefined;
    }
  | InTheRoom
  | Dropped
  | Refused;

export function plan(envelope: Envelope, options: PipelineOptions): Plan {
  const door = options.channels.find((channel) => channel.id === envelope.channel);
  if (door === undefined) return { kind: "refused", code: "not_found", reason: `no channel ${envelope.channel}` };
  const gate = gateFor(envelope, options);
  const verdict = admit(envelope, door, { gate, rehearsalDoors: options.rehearsalDoors ?? ["cli"] });
  if (verdict.kind !== "admitted") return verdict;
  const { principal } = verdict;
  const label = labelOf(verdict.envelope, principal);
  const routed = route(verdict.envelope, { principal, label }, options.settings());
  if (routed.kind !== "routed") return routed;
  const room = verdict.listens ? roomOf(verdict.envelope) : undefined;
  return { kind: "planned", envelope: verdict.envelope, routed: routed.routed, room };
}

export type GateOptions = Pick<PipelineOptions, "settings" | "senders" | "commandOf">;

export function gateFor({ channel, account, sender }: Envelope, options: GateOptions): Gate {
  const { access, owners, mentions = () => false } = options.settings();
  return {
    access: access?.(channel, account),
    isOwner: owners?.has(`${channel}:${sender.id}`) ?? false,
    role: options.senders?.roleOf({ channel, account, senderId: sender.id }),
    mentions,
    isCommand: (text) => options.commandOf?.(text) !== undefined,
  };
}

export function roomOf({ channel, account, chat }: Pick<Envelope, "channel" | "account" | "chat">): string {
  return JSON.stringify([channel, account, chat.id, chat.thread ?? ""]);
}
