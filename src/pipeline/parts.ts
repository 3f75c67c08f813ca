// What a pipeline owns: its channels, lanes, runs and delivery, wired to each other once.
import { newId } from "../base/ids.ts";
import { createLanes } from "../session/session.ts";
import { createDelivery } from "./deliver.ts";
import type { Delivery, OpenChannel } from "./deliver.ts";
import { createHandOver } from "./hand-over.ts";
import type { HandleParts } from "./handle.ts";
import { createAbort } from "./run/abort.ts";
import type { AbortRuns } from "./run/abort.ts";
import { createPerform } from "./run/perform.ts";
import { createRuns } from "./run/runs.ts";
import type { PipelineOptions } from "./settings.ts";

export type Parts = HandleParts & {
  readonly open: ReadonlyMap<string, OpenChannel>;
  readonly delivery: Delivery;
  readonly abortRuns: AbortRuns;
  readonly runsOf: (sessionKey: string) => readonly string[];
};

export function createParts(
  options: PipelineOptions,
  signals: { readonly stopping: AbortSignal; readonly sendsEnd: AbortSignal },
): Parts {
  const open = new Map(options.channels.map((definition) => [definition.id, openChannel(definition)]));
  const runs = createRuns((error) => options.report(newId(), error));
  const deliveryParts = { ...options, channels: open };
  const delivery = createDelivery(deliveryParts, signals.sendsEnd);
  const handOver = createHandOver(deliveryParts, signals.sendsEnd);
  const { stopping } = signals;
  const perform = createPerform({ ...options, runs, stopping, handOver, onFinished: delivery.kick });
  const lanes = createLanes({ run: perform, clock: options.clock, bounds: options.laneBounds ?? (() => ({})) });
  const abortRuns = createAbort({ ...options, lanes, runs, stopping });
  const runsOf = (key: string): readonly string[] => lanes.active().get(key) ?? [];
  const abortSession = (key: string, except: string) => abortRuns(runsOf(key).filter((runId) => runId !== except));
  return { ...options, open, runs, delivery, lanes, abortRuns, abortSession, runsOf };
}

function openChannel(definition: OpenChannel["definition"]): OpenChannel {
  return { definition, channel: definition.create() };
}
