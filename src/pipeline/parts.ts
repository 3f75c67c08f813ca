// What a pipeline owns: its channels, lanes, runs and delivery, wired to each other once.
import { newId } from "../base/ids.ts";
import { createLanes } from "../session/session.ts";
import { createOrders } from "./channels/order.ts";
import type { Orders } from "./channels/order.ts";
import { createSignals } from "./channels/signals.ts";
import { createSupervisor } from "./channels/supervise.ts";
import type { ChannelSupervisor } from "./channels/supervise.ts";
import { createDelivery } from "./deliver.ts";
import type { Delivery, OpenChannel } from "./deliver.ts";
import { createHandOver } from "./hand-over.ts";
import type { HandleParts } from "./handle.ts";
import { createAbort, createRecheck } from "./run/abort.ts";
import type { AbortRuns } from "./run/abort.ts";
import { createPerform } from "./run/perform.ts";
import { createRuns } from "./run/runs.ts";
import type { PipelineOptions } from "./settings.ts";

export type Parts = HandleParts & {
  readonly open: ReadonlyMap<string, OpenChannel>;
  readonly supervisor: ChannelSupervisor;
  readonly recheck: () => Promise<void>;
  readonly delivery: Delivery;
  readonly orders: Orders;
  readonly abortRuns: AbortRuns;
  readonly runsOf: (sessionKey: string) => readonly string[];
};

export function createParts(
  options: PipelineOptions,
  ends: { readonly stopping: AbortSignal; readonly sendsEnd: AbortSignal },
): Parts {
  const open = new Map<string, OpenChannel>();
  const runs = createRuns((error) => options.report(newId(), error));
  const onRefresh = (): void => void recheck().catch((error: unknown) => options.report(newId(), error));
  const supervisor = createSupervisor({ ...options, open, onRunning: () => delivery.kick(), onRefresh });
  const isHeld = (id: string): boolean => supervisor.states().some(({ channel, held }) => channel === id && held);
  const orders = createOrders({ ...options, kick: () => delivery.kick(), isHeld }, ends.sendsEnd);
  const deliveryParts = { ...options, open, supervisor, attempted: orders.attempted };
  const delivery = createDelivery(deliveryParts, ends.sendsEnd);
  const handOver = createHandOver(deliveryParts, ends.sendsEnd);
  const { stopping } = ends;
  const signals = createSignals({ ...options, open }, stopping);
  const perform = createPerform({ ...options, runs, stopping, handOver, signals, onFinished: delivery.kick });
  const lanes = createLanes({ run: perform, clock: options.clock, bounds: options.laneBounds ?? (() => ({})) });
  const abortRuns = createAbort({ ...options, lanes, runs, stopping });
  const recheck = createRecheck({ ...options, lanes, abortRuns });
  const runsOf = (key: string): readonly string[] => lanes.active().get(key) ?? [];
  const abortSession = (key: string, except: string) => abortRuns(runsOf(key).filter((runId) => runId !== except));
  return {
    ...options,
    signal: stopping,
    open,
    orders,
    supervisor,
    recheck,
    runs,
    delivery,
    kick: delivery.kick,
    lanes,
    abortRuns,
    abortSession,
    runsOf,
  };
}
