// Starts and stops the channels, so that none of them can take the gateway with it: one that cannot start is tried again
// later, one that is switched off opens no socket, one whose accounts change is started anew (CH-012, CH-021).
import { LoricaError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import type { Channel, ChannelContext, ChannelDefinition, ChannelPorts } from "../../channel/channel.ts";
import type { OpenChannel } from "../deliver.ts";
import type { ChannelState, PipelineChannels } from "../pipeline.ts";
import type { PipelineOptions } from "../settings.ts";
import { createBook } from "./book.ts";
import type { ChannelBook } from "./book.ts";
import { noPorts } from "./no-ports.ts";
import { webhookFor } from "./webhook.ts";

export type ChannelSupervisor = PipelineChannels & {
  start(door: Door): Promise<void>;
  sent(channel: string, account: string): void;
  stop(): Promise<void>;
};

/** What every channel is given by the pipeline itself. */
export type Door = Pick<ChannelContext, "receive" | "admits" | "redeem" | "signal">;

type Options = Pick<PipelineOptions, "channels" | "ports" | "clock" | "report"> & {
  /** Shared with delivery, which looks a channel up for each reply. */
  readonly open: Map<string, OpenChannel>;
  readonly onRunning: () => void;
  readonly onRefresh: () => void;
};

type Supervising = Options & { readonly changed: () => void };

export function createSupervisor(options: Options): ChannelSupervisor {
  const listeners = new Set<() => void>();
  const changed = (): void => listeners.forEach((listener) => listener());
  const channels = new Map(
    options.channels.map((definition) => [definition.id, supervise(definition, { ...options, changed })]),
  );
  return {
    async start(door) {
      await Promise.all([...channels.values()].map((channel) => channel.begin(door)));
    },
    refresh() {
      channels.forEach((channel) => void channel.settle());
      options.onRefresh();
    },
    async hold(id, what) {
      const channel = channels.get(id);
      if (channel === undefined || options.ports?.(id) === undefined)
        throw new LoricaError("not_found", `there is no channel ${JSON.stringify(id.slice(0, 64))}`);
      await channel.hold(what === "stop");
    },
    states: () => [...channels.values()].flatMap((channel) => channel.state() ?? []),
    webhookFor: (path) => webhookFor(path, options),
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    sent: (id, account) => channels.get(id)?.book.sent(account),
    async stop() {
      await Promise.allSettled([...channels.values()].map((channel) => channel.end()));
    },
  };
}

type Supervised = {
  readonly book: ChannelBook;
  begin(door: Door): Promise<void>;
  settle(): Promise<void>;
  hold(held: boolean): Promise<void>;
  end(): Promise<void>;
  state(): ChannelState | undefined;
};

type Running = { readonly channel: Channel; readonly key: string; readonly ending: AbortController };

/** Doors of our own have no ports and no accounts: they run from the start to the end. */
function supervise(definition: ChannelDefinition, options: Supervising): Supervised {
  const ports = options.ports?.(definition.id);
  const book = createBook(definition.id, { ...options, accounts: () => ports?.accounts() ?? [] });
  const run = createRun({ ...options, definition, ports, book });
  let door: Door | undefined;
  let held = false;
  let retry: NodeJS.Timeout | undefined;
  let retryMs: number = limits.channelRetryMs;
  let work: Promise<void> = Promise.resolve();

  /** What it runs with; `undefined` where it is not to run. */
  const wanted = (): string | undefined => {
    if (door === undefined || held) return undefined;
    if (ports === undefined) return "";
    const list = ports.accounts();
    return list.length === 0 ? undefined : JSON.stringify(list);
  };
  const look = async (): Promise<void> => {
    clearTimeout(retry);
    const key = wanted();
    if (run.key() === key) return;
    await run.stop();
    if (key === undefined || door === undefined) return;
    if (await run.start(key, door)) {
      retryMs = limits.channelRetryMs;
      return;
    }
    retry = setTimeout(() => void settle(), retryMs);
    retryMs = Math.min(2 * retryMs, limits.channelRetryMaxMs);
  };
  /** One change after the other: whatever happens meanwhile is looked at when its turn comes. */
  const settle = (): Promise<void> => {
    work = work.then(look);
    return work;
  };
  return {
    book,
    settle,
    async begin(through) {
      door = through;
      // A platform may be slow to answer; nobody's terminal waits for that.
      const started = settle();
      if (ports === undefined) await started;
    },
    async hold(next) {
      held = next;
      await settle();
    },
    async end() {
      door = undefined;
      await settle();
    },
    state: () => (ports === undefined ? undefined : { ...book.view(), running: run.key() !== undefined, held }),
  };
}

type RunOptions = Omit<Supervising, "ports"> & {
  readonly definition: ChannelDefinition;
  readonly ports: ChannelPorts | undefined;
  readonly book: ChannelBook;
};

/** One channel that runs, or none. Neither starting nor stopping ever throws. */
function createRun({ definition, ports, book, open, report, onRunning, changed }: RunOptions) {
  // A turn that an earlier process began may end before the doors open, and its reply is handed over then.
  const own = ports === undefined ? definition.create() : undefined;
  if (own !== undefined) open.set(definition.id, { definition, channel: own });
  let running: Running | undefined;
  const stopOne = async (channel: Channel): Promise<void> => {
    try {
      await within(channel.stop(), limits.channelStopTimeoutMs);
    } catch (error) {
      report(newId(), error);
    }
  };
  return {
    key: () => running?.key,
    async start(key: string, door: Door): Promise<boolean> {
      const ending = new AbortController();
      const channel = own ?? definition.create();
      const receive: Door["receive"] = (envelope) => {
        book.received(envelope.account);
        return door.receive(envelope);
      };
      const signal = AbortSignal.any([door.signal, ending.signal]);
      try {
        await channel.start({ ...(ports ?? noPorts), ...door, receive, signal, ...watched(ports, book) });
      } catch (error) {
        ending.abort();
        report(newId(), error);
        book.failed(error);
        await stopOne(channel);
        return false;
      }
      running = { channel, key, ending };
      open.set(definition.id, { definition, channel });
      onRunning();
      changed();
      return true;
    },
    async stop(): Promise<void> {
      if (running === undefined) return;
      const { channel, ending } = running;
      running = undefined;
      open.delete(definition.id);
      ending.abort(new LoricaError("cancelled", `the channel ${definition.id} is stopping`));
      await stopOne(channel);
      book.forget();
    },
  };
}

function watched(ports: ChannelPorts | undefined, book: ChannelBook): Partial<ChannelPorts> {
  if (ports === undefined) return {};
  return {
    health(account, health) {
      book.hear(account, health);
      ports.health(account, health);
    },
  };
}

async function within(work: Promise<unknown>, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
