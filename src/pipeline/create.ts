// Puts the eight steps together, and takes them apart again in an order that loses nothing.
import { LoricaError } from "../base/errors.ts";
import type { Envelope } from "../base/envelope.ts";
import { limits } from "../base/limits.ts";
import { unlessAborted } from "../base/wait.ts";
import { plan } from "./admit/plan.ts";
import { handle } from "./handle.ts";
import { createParts } from "./parts.ts";
import type { Parts } from "./parts.ts";
import type { Accepted, Pipeline } from "./pipeline.ts";
import { receiveFor } from "./receive.ts";
import { recover } from "./recover.ts";
import { loadRunEnd } from "./run/past-run.ts";
import type { PipelineOptions } from "./settings.ts";

export function createPipeline(options: PipelineOptions): Pipeline {
  const stopping = new AbortController();
  const sendsEnd = new AbortController();
  const parts = createParts(options, { stopping: stopping.signal, sendsEnd: sendsEnd.signal });
  const { store, lanes, runs } = parts;
  let taking = false;

  const accept = async (envelope: Envelope): Promise<Accepted> => {
    if (!taking) throw new LoricaError("unavailable", "Lorica is not taking messages now; try again in a moment");
    return handle(envelope, parts);
  };
  return {
    async start() {
      await recover(parts);
      taking = true;
      parts.delivery.kick();
      // Not waited for: what waited for its owner waits a little longer.
      void parts.orders.takeWord();
      const admits = async (envelope: Envelope): Promise<boolean> => plan(envelope, parts).kind === "planned";
      const { redeem } = parts.policy;
      const door = { receive: receiveFor(store, accept), admits, redeem, signal: stopping.signal };
      await parts.supervisor.start(door);
    },
    handle: accept,
    wait: async (runId, signal) => unlessAborted(runs.wait(runId) ?? loadRunEnd(store, runId), signal),
    watch: (listener) => runs.watch(listener),
    abort: (target) => parts.abortRuns("runId" in target ? [target.runId] : parts.runsOf(target.sessionKey)),
    recheck: parts.recheck,
    takeWord: () => parts.orders.takeWord(),
    active: () => lanes.active(),
    channels: parts.supervisor,
    async order(order, signal) {
      if (!taking) throw new LoricaError("unavailable", "Lorica is not taking messages now; try again in a moment");
      return parts.orders.send(order, signal);
    },
    owners: () => parts.orders.owners(parts.supervisor.states()),
    async stop(graceMs) {
      taking = false;
      await within(lanes.drain(), graceMs);
      const reason = new LoricaError("cancelled", "Lorica is stopping");
      stopping.abort(reason);
      lanes.abortAll(reason);
      await within(lanes.drain(), limits.stopGraceMs);
      // Channels go last: what is on its way out leaves through them.
      await endSends(parts, sendsEnd);
      await parts.supervisor.stop();
      runs.leave();
    },
  };
}

/** Replies that are being sent get a moment to arrive; what is cut off then is shown as unknown. */
async function endSends({ delivery }: Parts, sendsEnd: AbortController): Promise<void> {
  const stopped = delivery.stop();
  await within(stopped, limits.stopGraceMs);
  sendsEnd.abort(new LoricaError("cancelled", "Lorica is stopping"));
  await stopped;
}

async function within(work: Promise<unknown>, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}
