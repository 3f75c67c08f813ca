// The real pipeline over a real store, with a loopback channel and a runner of the test's own.
import type { ReceivedKind } from "../../../src/channel/channel.ts";
import type { TurnRunner } from "../../../src/agent/agent.ts";
import type { AuditRecord } from "../../../src/audit/audit.ts";
import { systemClock } from "../../../src/base/clock.ts";
import type { Redeem } from "../../../src/base/grant.ts";
import type { Envelope, ReplyAddress } from "../../../src/base/envelope.ts";
import type { OutgoingMessage, OutgoingSignal, Receipt } from "../../../src/channel/channel.ts";
import { createPipeline, pulledChannel } from "../../../src/pipeline/pipeline.ts";
import type { ChannelAccess, Pipeline, PipelineOptions, PipelineSettings } from "../../../src/pipeline/pipeline.ts";
import type { Senders } from "../../../src/pairing/pairing.ts";
import type { HookPoint } from "../../../src/plugin/plugin.ts";
import { compileRules, createPolicy } from "../../../src/policy/policy.ts";
import type { Store } from "../../../src/store/store.ts";
import type { Inspector } from "../../../src/dlp/dlp.ts";
import { createFauxInspector } from "../dlp/inspector.ts";
import { openTestSenders } from "../pairing/senders.ts";
import { createLoopback } from "./loopback.ts";
import type { Loopback } from "./loopback.ts";
import { createEchoRunner } from "./runner.ts";
import { envelopeOf, openTestStore } from "../store.ts";

export const plainSettings: PipelineSettings = {
  agents: new Set(["main", "work"]),
  defaultAgent: "main",
  bindings: [],
  session: { dmScope: "per-peer", groupScope: "per-group", scope: "per-sender", identityLinks: {} },
  reset: { mode: "none", atHour: 4, idleMinutes: 60 },
  queue: { mode: "followup", byChannel: {} },
  access: () => plainAccess,
};

/** What the config's defaults make of an account. */
export const plainAccess: ChannelAccess = {
  dmPolicy: "pairing",
  allowFrom: [],
  groupPolicy: "allowlist",
  groupAllowFrom: [],
  allowedGroups: [],
  groups: {},
  commandPrefix: undefined,
  allowBots: false,
  historyLimit: 50,
  responsePrefix: undefined,
  textMaxChars: undefined,
};

export type Harness = {
  readonly pipeline: Pipeline;
  /** Where there are strangers. */
  readonly senders: Senders | undefined;
  readonly store: Store;
  readonly sent: OutgoingMessage[];
  readonly audit: AuditRecord[];
  readonly observed: HookPoint[];
  readonly reports: unknown[];
  receive(envelope: Envelope): Promise<{ readonly kind: ReceivedKind }>;
  /** Accepts a message and waits for its run's end. */
  ask(change?: Partial<Envelope>): ReturnType<Pipeline["wait"]>;
  /** Resolves once `count` messages were sent. */
  sentCount(count: number): Promise<void>;
  /** Ends this process's part without saying goodbye, and starts over on the same files. */
  restart(change?: HarnessOptions): Promise<Harness>;
  /** Gives the files back and says nothing to the pipeline, for one that is past listening. */
  abandon(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

export type HarnessOptions = Partial<Omit<PipelineOptions, "runner" | "settings" | "store">> & {
  readonly runner?: (store: Store) => TurnRunner;
  readonly settings?: Partial<PipelineSettings>;
  readonly send?: (message: OutgoingMessage, signal: AbortSignal) => Promise<Receipt>;
  readonly strangers?: boolean;
  /** Ports that keep what they keep in this store. */
  readonly portsOf?: (store: Store) => NonNullable<PipelineOptions["ports"]>;
  readonly signals?: readonly OutgoingSignal["kind"][];
  readonly signal?: (what: OutgoingSignal, to: ReplyAddress) => void;
  readonly idempotentSend?: boolean;
  readonly textMaxChars?: number;
  readonly start?: boolean;
  readonly dlp?: Inspector;
  /** What stands between the pipeline and its store. */
  readonly wrapStore?: (store: Store) => Store;
};

export async function openHarness(options: HarnessOptions = {}): Promise<Harness> {
  const opened = await openTestStore(systemClock);
  return build(opened.store, options, opened);
}

async function build(
  store: Store,
  options: HarnessOptions,
  opened: Awaited<ReturnType<typeof openTestStore>>,
): Promise<Harness> {
  const sent: OutgoingMessage[] = [];
  const audit: AuditRecord[] = [];
  const observed: HookPoint[] = [];
  const reports: unknown[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const settings = { ...plainSettings, ...options.settings };
  const policy = createPolicy({ rules: compileRules({ agents: new Map(), cellOff: undefined }), clock: systemClock });
  const loopback = openLoopback(options, policy.redeem, async (message, signal) => {
    const receipt = (await options.send?.(message, signal)) ?? { kind: "sent", platformId: `p-${sent.length}` };
    sent.push(message);
    for (const { count, resolve } of waiting) if (sent.length >= count) resolve();
    return receipt;
  });
  const senders = options.strangers === true ? await openTestSenders(store) : undefined;
  const pipeline = createPipeline({
    ...(senders === undefined ? {} : { senders }),
    ...portsOf(options, store),
    store: options.wrapStore?.(store) ?? store,
    runner: (options.runner ?? createEchoRunner)(store),
    policy: options.policy ?? policy,
    channels: [loopback.definition, pulledChannel({ id: "cli", redeem: policy.redeem }), ...(options.channels ?? [])],
    audit: { record: (record) => audit.push(record) },
    dlp: options.dlp ?? createFauxInspector(),
    observe: options.observe ?? ((event) => observed.push(event)),
    clock: systemClock,
    settings: () => settings,
    report: (_, error) => reports.push(error),
    ...(options.laneBounds === undefined ? {} : { laneBounds: options.laneBounds }),
    ...(options.commandOf === undefined ? {} : { commandOf: options.commandOf }),
    ...(options.holdDesk === undefined ? {} : { holdDesk: options.holdDesk }),
    ...(options.checkpoint === undefined ? {} : { checkpoint: options.checkpoint }),
  });
  if (options.start !== false) await pipeline.start();
  return {
    pipeline,
    senders,
    store,
    sent,
    audit,
    observed,
    reports,
    receive: (envelope) => loopback.receive(envelope),
    async ask(change = {}) {
      const { runId } = await pipeline.handle(envelopeOf(change));
      return pipeline.wait(runId, AbortSignal.timeout(5_000));
    },
    async sentCount(count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ count, resolve });
      if (sent.length >= count) resolve();
      await promise;
    },
    async restart(change = {}) {
      await store.close();
      return build(await opened.reopen(), { ...options, ...change }, opened);
    },
    abandon: () => opened[Symbol.asyncDispose](),
    async [Symbol.asyncDispose]() {
      await pipeline.stop(100).catch(() => undefined);
      await opened[Symbol.asyncDispose]();
    },
  };
}

function openLoopback(
  options: HarnessOptions,
  redeem: Redeem,
  send: (message: OutgoingMessage, signal: AbortSignal) => Promise<Receipt>,
): Loopback {
  return createLoopback({
    redeem,
    send,
    senders: options.strangers === true ? "stranger" : "owner",
    capabilities: {
      idempotentSend: options.idempotentSend ?? false,
      textMaxChars: options.textMaxChars ?? 4_000,
      ...(options.signals === undefined ? {} : { signals: options.signals }),
    },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}

function portsOf({ ports, portsOf: of }: HarnessOptions, store: Store): Pick<PipelineOptions, "ports"> {
  const found = of?.(store) ?? ports;
  return found === undefined ? {} : { ports: found };
}
