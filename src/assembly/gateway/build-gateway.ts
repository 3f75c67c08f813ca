// The gateway process, built in layer order. It is started with nothing but its descriptors: what it is to be it is told
// over the link, and whatever it wants done outside itself it asks for over the link.
import { createDescribeSession, createDirectCalls, createTurnRunner, parseCommand } from "../../agent/agent.ts";
import type { AgentProfile, DirectCalls, TurnRunner, TurnRunnerOptions } from "../../agent/agent.ts";
import type { AuditLog, Log } from "../../audit/audit.ts";
import { systemClock } from "../../base/clock.ts";
import { createDiskLook } from "../../base/files/disk.ts";
import { newId } from "../../base/ids.ts";
import { unlessAborted } from "../../base/wait.ts";
import {
  createAuditClient,
  createEgressClient,
  createSandboxClient,
  createWorkspaceClient,
} from "../../broker/client.ts";
import type { Link } from "../../broker/client.ts";
import { createHoldDesk, createInspectorClient } from "./dlp.ts";
import { screenMedia } from "./media.ts";
import { createRedactor } from "../../dlp/dlp.ts";
import type { Inspector } from "../../dlp/dlp.ts";
import { createAgentWorkspace, createGateway, createRemotePorts } from "../../gateway/gateway.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import { tellAlert } from "./alerts.ts";
import { createHalted, createKillClient } from "./halts.ts";
import { createHookClient } from "./hooks.ts";
import { createChannelPorts, withoutRehearsal } from "./channels.ts";
import { createStateAnswers, openState } from "./state.ts";
import { createCurrent } from "./current.ts";
import type { Current, GatewayStart } from "./current.ts";
import type { ToolHooks } from "../../hook/hook.ts";
import { createModels } from "../../model/model.ts";
import type { ModelService } from "../../model/model.ts";
import { createDevices, openSenders } from "../../pairing/pairing.ts";
import type { Devices } from "../../pairing/pairing.ts";
import { createNodes } from "../../node/node.ts";
import type { Nodes } from "../../node/node.ts";
import { createPipeline, pulledChannel } from "../../pipeline/pipeline.ts";
import type { PipelineOptions } from "../../pipeline/pipeline.ts";
import { createObserver } from "../../plugin/plugin.ts";
import type { Observe } from "../../plugin/plugin.ts";
import { compileRules, createPolicy } from "../../policy/policy.ts";
import type { Policy } from "../../policy/policy.ts";
import type { SandboxStatus, WorkspaceFiles } from "../../sandbox/sandbox.ts";
import { createMirror, createTranscriptWatch, createTransfer, maintain, screenBodies } from "../../session/session.ts";
import type { TranscriptWatch } from "../../session/session.ts";
import { agentProfile, gatewaySettings, laneBounds, maintenanceRule, mirrorBounds } from "../settings/settings.ts";
import { modelsSettings, pipelineSettings, policySettings, rehearsalRef } from "../settings/settings.ts";
import { nodeRules } from "../settings/access.ts";
import { plugins } from "../../../plugins/plugins.ts";
import type { Store } from "../../store/store.ts";
import type { SignInOffer } from "../../vault/vault.ts";

/** The doors whose callers are the owner, and fetch their replies themselves. */
const ownDoors = ["cli", "http", "webchat"];

export type BuiltGateway = {
  configure(start: GatewayStart): void;
  /** A code that the owner may sign in with. */
  offer(code: SignInOffer): void;
  /** What the broker says and needs no answer to: `sandbox` once the boot probe has ended, `alert` for the owner. */
  hear(name: string, params: unknown): void;
  /** What the broker asks about the state. */
  answer(method: string, params: unknown): Promise<unknown>;
  /** Takes nothing new, lets running turns end within `graceMs`, leaves the rest to the next start. */
  stop(graceMs: number): Promise<void>;
};

export async function buildGateway(first: GatewayStart, outside: Outside): Promise<BuiltGateway> {
  const ground = await buildGround(first, outside);
  const { current, store, models, sandbox, ending } = ground;
  const { link } = outside;
  const senders = await openSenders({
    ...ground,
    clock: systemClock,
    report: (error) => ground.report(newId(), error),
  });
  const halted = createHalted(first.halts, ground.audit);
  const pipeline = createPipeline({ ...pipelineOptions(ground, link), senders });
  const gateway = createGateway({
    pipeline: halted.pipeline(pipeline),
    store,
    transcript: ground.transcript,
    devices: ground.devices,
    senders,
    webhookFor: (path) => pipeline.channels.webhookFor(path),
    callTool: callAfterProbe(createDirectCalls(runnerOptions(ground)), current.sandboxTried),
    models,
    sandbox: sandbox.status,
    transfer: createTransfer(store, ground),
    remote: createRemotePorts(async (method, params, signal) => (await link.call({ method, params }, signal)).result),
    workspace: createAgentWorkspace(ground),
    nodes: halted.nodes(openNodes(ground, outside.log)),
    clock: systemClock,
    log: (level, message, fields) => outside.log[level](message, fields),
    settings: gatewaySettings(first.config, current.agents(), first),
  });
  await gateway.listen(outside.sockets);
  await pipeline.start();
  const takeHalts = (next: unknown): void =>
    void halted.take(next, pipeline.channels).catch((error: unknown) => ground.report(newId(), error));
  takeHalts(first.halts);
  void maintain(
    store,
    {
      clock: systemClock,
      rule: () => maintenanceRule(current.start().config),
      trim: ground.trimmed,
      report: (error) => ground.report(newId(), error),
    },
    ending.signal,
  );
  return {
    configure(next) {
      configure(ground, gateway, next);
      pipeline.channels.refresh();
    },
    offer: ground.devices.offer,
    answer: createStateAnswers(store, first),
    hear(name, params) {
      if (name === "halts") takeHalts(params);
      if (name === "dlp") void pipeline.takeWord();
      if (name === "sandbox") hearSandbox(ground, params as SandboxStatus);
      if (name !== "alert") return;
      const agentId = (): string => current.agents()[0]?.id ?? "main";
      tellAlert(params, { pipeline, link, log: outside.log, agentId }, ending.signal).catch((error: unknown) =>
        ground.report(newId(), error),
      );
    },
    async stop(graceMs) {
      await Promise.all([gateway.close(graceMs), pipeline.stop(graceMs)]);
      ending.abort();
      await ground.flushed();
      await store.close();
    },
  };
}

function openNodes(ground: Ground, log: Log): Nodes {
  const rules = () => nodeRules(ground.current.start().config);
  return createNodes({ ...ground, store: ground.store.nodes, clock: systemClock, rules, warn: log.warn });
}

/** What the process was given, and nobody else has. */
type Outside = { readonly link: Link; readonly log: Log; readonly sockets: Parameters<Gateway["listen"]>[0] };

/** State, authority and the ways out: everything below the agent. */
type Ground = {
  readonly current: Current;
  readonly store: Store;
  readonly transcript: TranscriptWatch;
  readonly devices: Devices;
  /** Resolves once everything that is stored is in the mirror too, where there is one. */
  readonly flushed: () => Promise<void>;
  readonly trimmed: () => Promise<void>;
  readonly audit: AuditLog;
  readonly policy: Policy;
  readonly sandbox: ReturnType<typeof createSandboxClient>;
  readonly models: ModelService;
  readonly workspace: WorkspaceFiles;
  readonly observe: Observe;
  readonly hooks: ToolHooks;
  readonly kill: ReturnType<typeof createKillClient>;
  readonly dlp: Inspector;
  readonly canary: string;
  readonly redact: (text: string) => string;
  readonly report: (id: string, error: unknown) => void;
  /** Ends what nobody waits for any more. */
  readonly ending: AbortController;
};

async function buildGround(first: GatewayStart, { link, log }: Outside): Promise<Ground> {
  const clock = systemClock;
  const current = createCurrent(first);
  const ending = new AbortController();
  const config = () => current.start().config;
  const report = (id: string, error: unknown): void => log.error("something failed", { id, err: error });
  const opened = await openState(first, link, log);
  const dlp = createInspectorClient(link);
  // The gateway knows no secret, so it redacts by what credentials look like; the broker knows the values too.
  const { redact } = createRedactor({ values: () => [], patterns: first.config.logging.redactPatterns });
  const toMirror = {
    agentsDir: first.paths.agents,
    bounds: () => mirrorBounds(config()),
    isLow: createDiskLook(first.paths.agents).isLow,
    report: (err: unknown) => log.warn("a transcript could not be mirrored", { err }),
    redact,
    screen: screenBodies(dlp, { point: "export", agentId: "", sessionKey: "" }),
  };
  const mirror = first.config.session.jsonlMirror ? createMirror(opened, toMirror) : undefined;
  const transcript = createTranscriptWatch(mirror?.store ?? opened);
  const audit = createAuditClient(link);
  const rules = compileRules(policySettings(config(), current.agents(), current.cellOff()));
  const policy = createPolicy({ rules, clock });
  const models = createModels({
    settings: modelsSettings(first.config, current.agents(), first.version),
    providers: plugins.flatMap((plugin) => plugin.providers ?? []),
    egress: createEgressClient(link, policy.redeem),
    policy,
    clock,
    audit,
  });
  const observers = plugins.flatMap((plugin) => plugin.hooks ?? []);
  return {
    current,
    store: { ...transcript.store, media: screenMedia(transcript.store.media, { dlp, config }, ending.signal) },
    transcript,
    devices: createDevices({ store: opened.devices, clock, audit, log }),
    flushed: async () => mirror?.flush(),
    trimmed: async () => mirror?.trim(),
    audit,
    policy,
    sandbox: createSandboxClient(link, policy.redeem, current.sandbox()),
    models,
    workspace: createWorkspaceClient(link),
    observe: createObserver({ hooks: observers, report }, ending.signal),
    kill: createKillClient(link),
    hooks: createHookClient(link, () => current.start().hooks),
    dlp,
    canary: first.canary,
    redact,
    report,
    ending,
  };
}

function pipelineOptions(ground: Ground, link: Link): PipelineOptions {
  const { current, policy, models } = ground;
  const { redeem } = policy;
  const platforms = plugins.flatMap((plugin) => plugin.channels ?? []);
  const runner = withoutRehearsal(createTurnRunner(runnerOptions(ground)), {
    store: ground.store,
    isPlatform: (channel) => platforms.some(({ id }) => id === channel),
    hasModel: (agentId) => models.candidates(agentId, "main").some((ref) => ref !== rehearsalRef),
  });
  return {
    ...ground,
    clock: systemClock,
    runner: afterProbe(runner, current.sandboxTried),
    channels: [...ownDoors.map((id) => pulledChannel({ id, redeem })), ...platforms],
    holdDesk: createHoldDesk(link),
    ports: createChannelPorts(platforms, { ...ground, link, start: current.start }),
    settings: () => pipelineSettings(current.start().config, current.agents()),
    laneBounds: () => laneBounds(current.start().config),
    commandOf: (text) => parseCommand(text)?.name,
    rehearsalDoors: ["cli"],
  };
}

function runnerOptions(ground: Ground): TurnRunnerOptions {
  const { current, sandbox, policy } = ground;
  const profile = (agentId: string): AgentProfile | undefined => {
    const agent = current.agents().find(({ id }) => id === agentId);
    return agent && agentProfile(agent, current.start().config);
  };
  return {
    ...ground,
    clock: systemClock,
    tools: plugins.flatMap((plugin) => plugin.tools ?? []),
    effects: {
      sandbox,
      describeSession: createDescribeSession({ ...ground, effects: { sandbox }, profile, redeem: policy.redeem }),
    },
    profile,
  };
}

function configure(ground: Ground, gateway: Gateway, next: GatewayStart): void {
  const { current, models, policy, sandbox } = ground;
  current.replace(next);
  const agents = current.agents();
  sandbox.update(current.sandbox());
  policy.replaceRules(compileRules(policySettings(next.config, agents, current.cellOff())));
  models.replaceSettings(modelsSettings(next.config, agents, next.version));
  gateway.configure(gatewaySettings(next.config, agents, next));
}

function hearSandbox({ current, policy, sandbox }: Ground, status: SandboxStatus): void {
  current.replace({ ...current.start(), sandbox: status });
  sandbox.update(status);
  policy.replaceRules(compileRules(policySettings(current.start().config, current.agents(), current.cellOff())));
}

/** A turn must know which tools it has, so it waits for the probe; answering /health does not. */
function afterProbe(runner: TurnRunner, tried: Promise<void>): TurnRunner {
  return {
    async run(turn, run) {
      await unlessAborted(tried, run.signal).catch(() => undefined);
      return runner.run(turn, run);
    },
  };
}

function callAfterProbe(call: DirectCalls, tried: Promise<void>): DirectCalls {
  return async (asked, signal) => {
    await unlessAborted(tried, signal).catch(() => undefined);
    return await call(asked, signal);
  };
}
