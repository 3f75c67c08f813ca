// The way of every message, whatever door it came through: receive, admit, label, route, enqueue, turn, release,
// deliver. There is no second path.
import type { TurnEvent, TurnOutcome } from "../agent/agent.ts";
import type { Envelope } from "../base/envelope.ts";
import type { ChannelHealth, WebhookRequest } from "../channel/channel.ts";

import type { Order, Ordered } from "./channels/order.ts";

export type { Order, Ordered } from "./channels/order.ts";
export type { HoldDesk, HoldEnd } from "./run/holds.ts";
export { createPipeline } from "./create.ts";
export { pulledChannel } from "./pulled.ts";
export type { Binding, ChannelAccess, Checkpoint, PipelineOptions, PipelineSettings } from "./settings.ts";

export type Accepted =
  /** Stored, and on its way. */
  | { readonly kind: "accepted"; readonly runId: string; readonly sessionKey: string }
  /** Answered with the run it duplicates. `same` is false where only the key is: the text is another. */
  | { readonly kind: "duplicate"; readonly runId: string; readonly sessionKey: string; readonly same: boolean }
  | { readonly kind: "dropped"; readonly runId: string; readonly reason: string; readonly overheard?: true };

/** The end of a run, also long after it: from the store where nothing of it is in memory any more. */
export type RunEnd = {
  readonly runId: string;
  readonly sessionKey: string;
  readonly turnId: string | undefined;
  readonly outcome: TurnOutcome;
};

export type RunListener = (
  event: TurnEvent,
  about: { readonly runId: string; readonly sessionKey: string; readonly agentId: string },
) => void;

/** One channel that reaches a platform. */
export type ChannelState = {
  readonly channel: string;
  readonly running: boolean;
  /** Stopped by hand, until the next start. */
  readonly held: boolean;
  readonly accounts: readonly {
    readonly id: string;
    readonly name: string | undefined;
    readonly health: ChannelHealth | undefined;
    readonly lastInboundAt: number | undefined;
    readonly lastOutboundAt: number | undefined;
  }[];
};

/** What a platform delivers by itself. Nobody is believed for having reached it: the channel checks who sent it. */
export type WebhookTaker = (
  request: Pick<WebhookRequest, "headers" | "body">,
  signal: AbortSignal,
) => Promise<{ readonly status: number }>;

export type PipelineChannels = {
  states(): readonly ChannelState[];
  /** Calls `listener` when a channel starts, stops, fails or recovers. Returns how to stop listening. */
  watch(listener: () => void): () => void;
  /** The config has changed: what is on starts, what is off stops, what changed starts anew, who is out is not answered. */
  refresh(): void;
  hold(channel: string, what: "stop" | "start"): Promise<void>;
  /** The door behind a path of the HTTP edge, for POST only; undefined where no running account has named it. */
  webhookFor(path: string): WebhookTaker | undefined;
};

export type Pipeline = {
  readonly channels: PipelineChannels;
  /** Takes up what the last process left, and starts the channels. */
  start(): Promise<void>;
  /** Steps 1 to 5. Throws `overloaded` before anything is stored when there is no room. */
  handle(envelope: Envelope): Promise<Accepted>;
  /** Sends what answers nobody, to whom the owner let in. Ending the signal stops the waiting, not the message. */
  order(order: Order, signal: AbortSignal): Promise<Ordered>;
  /** Where the owner can be written to: each person who is known as the owner, on each account that is on. */
  owners(): readonly Pick<Order, "channel" | "account" | "recipient">[];
  /** Resolves when the run ends. Ending the signal stops the waiting, not the run. */
  wait(runId: string, signal: AbortSignal): Promise<RunEnd>;
  /** Events of every run; the listener must be quick and must not throw. Returns how to stop listening. */
  watch(listener: RunListener): () => void;
  /** Cancels one run, or all of a session; answers the runs that it ended. */
  abort(target: { readonly runId: string } | { readonly sessionKey: string }): Promise<readonly string[]>;
  /** Who is let in has changed: ends what runs or waits for people who are not any more. */
  recheck(): Promise<void>;
  /** The owner has said what becomes of what was held: it is sent, or not kept. */
  takeWord(): Promise<void>;
  /** The runs that wait or run, by session key. */
  active(): ReadonlyMap<string, readonly string[]>;
  /** Takes nothing new, lets running turns end within `graceMs`, then leaves them for the next start. */
  stop(graceMs: number): Promise<void>;
};
