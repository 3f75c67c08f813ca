// A whole agent on a real store: scripted models, a recording sandbox, three tools, and turns begun as the pipeline does.
import { z } from "zod";
import { createDescribeSession, createTurnRunner, defaultProfile } from "../../src/agent/agent.ts";
import type {
  AgentProfile,
  TurnEvent,
  TurnOutcome,
  TurnRun,
  TurnRunner,
  TurnRunnerOptions,
} from "../../src/agent/agent.ts";
import type { AuditRecord } from "../../src/audit/audit.ts";
import type { MediaRef, TurnRequest } from "../../src/base/envelope.ts";
import { newId, sha256 } from "../../src/base/ids.ts";
import type { Label } from "../../src/base/label.ts";
import { owner } from "../../src/base/principal.ts";
import type { Principal } from "../../src/base/principal.ts";
import type { EntryBody } from "../../src/base/transcript.ts";
import type { Models } from "../../src/model/model.ts";
import type { HookPoint } from "../../src/plugin/plugin.ts";
import { compileRules, createPolicy } from "../../src/policy/policy.ts";
import { defineTool, textOutput } from "../../src/tool/tool.ts";
import type { Tool, ToolOutput } from "../../src/tool/tool.ts";
import type { Closing, Entry, Store, Turn } from "../../src/store/store.ts";
import { sessionStatus } from "../../plugins/session-status/session-status.ts";
import type { Inspector } from "../../src/dlp/dlp.ts";
import { createFauxInspector } from "./dlp/inspector.ts";
import { createTestClock } from "./clock.ts";
import { createScriptedModels } from "./scripted-models.ts";
import type { ScriptedModels, ScriptedStep } from "./scripted-models.ts";
import { createRecordingSandbox } from "./sandbox.ts";
import type { RecordingSandbox, SandboxAnswers } from "./sandbox.ts";
import { openTestStore, ownerLabel } from "./store.ts";
import type { TestStore } from "./store.ts";

export type TestAgentOptions = {
  readonly script?: readonly ScriptedStep[];
  /** In place of a script. */
  readonly models?: ScriptedModels | Models;
  readonly profile?: Partial<AgentProfile>;
  /** More agents, by id. */
  readonly others?: Readonly<Record<string, Partial<AgentProfile>>>;
  readonly sandbox?: SandboxAnswers;
  readonly files?: Readonly<Record<string, string>>;
  readonly tools?: readonly Tool[];
  readonly hooks?: TurnRunnerOptions["hooks"];
  readonly redact?: (text: string) => string;
  readonly dlp?: Inspector;
  readonly store?: Store;
};

export type Sent = {
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly principal?: Principal;
  readonly label?: Label;
  readonly channel?: string;
  readonly from?: string;
  readonly forwardedFrom?: string;
  readonly media?: readonly MediaRef[];
  readonly request?: TurnRequest;
  readonly signal?: AbortSignal;
  readonly takeJoined?: (turn: Turn) => Promise<void>;
  readonly emit?: (event: TurnEvent) => void;
};

export type Ran = {
  readonly turn: Turn;
  readonly outcome: TurnOutcome;
  readonly label: Label;
  readonly closing?: Closing | undefined;
  readonly events: readonly TurnEvent[];
};

export type TestAgent = {
  readonly store: Store;
  readonly clock: ReturnType<typeof createTestClock>;
  readonly runner: TurnRunner;
  readonly runnerOptions: TurnRunnerOptions;
  readonly models: ScriptedModels;
  readonly sandbox: RecordingSandbox;
  readonly audit: readonly AuditRecord[];
  readonly hooks: readonly HookPoint[];
  readonly reports: readonly { readonly id: string; readonly error: unknown }[];
  begin(text: string, sent?: Sent): Promise<Turn>;
  run(turn: Turn, sent?: Sent): Promise<Ran>;
  /** Begins, runs and finishes a turn. */
  say(text: string, sent?: Sent): Promise<Ran>;
  entries(windowId: string): Promise<readonly Entry[]>;
  [Symbol.asyncDispose](): Promise<void>;
};

export async function openTestAgent(options: TestAgentOptions = {}): Promise<TestAgent> {
  const clock = createTestClock(Date.UTC(2026, 0, 2, 3, 4));
  const opened: TestStore | undefined = options.store === undefined ? await openTestStore(clock) : undefined;
  const store = options.store ?? (opened as TestStore).store;
  const profiles = profilesOf(options);
  const policy = createPolicy({
    rules: compileRules({ agents: new Map([...profiles].map(([id, { tools }]) => [id, tools])), cellOff: undefined }),
    clock,
  });
  const models = withCalls(options.models ?? createScriptedModels(options.script ?? []));
  const sandbox = createRecordingSandbox(policy.redeem, options.sandbox);
  const audit: AuditRecord[] = [];
  const hooks: HookPoint[] = [];
  const reports: { id: string; error: unknown }[] = [];
  const ports = {
    store,
    models,
    effects: { sandbox },
    profile: (agentId: string) => profiles.get(agentId),
    redeem: policy.redeem,
  };
  const runnerOptions: TurnRunnerOptions = {
    store,
    models,
    policy,
    clock,
    tools: options.tools ?? [...testTools, ...(sessionStatus.tools ?? [])],
    effects: { sandbox, describeSession: createDescribeSession(ports) },
    workspace: { read: async (_agentId, names) => names.flatMap((name) => fileOf(options.files ?? {}, name)) },
    audit: { record: (record) => void audit.push(record) },
    profile: (agentId) => profiles.get(agentId),
    observe: (event) => void hooks.push(event),
    hooks: options.hooks ?? { before: async () => undefined, after: async () => undefined },
    dlp: options.dlp ?? createFauxInspector(options.redact),
    redact: options.redact ?? ((text) => text),
    report: (id, error) => void reports.push({ id, error }),
  };
  const runner = createTurnRunner(runnerOptions);

  const run = (turn: Turn, sent?: Sent): Promise<Ran> => runTurn(runner, turn, sent);
  return {
    store,
    clock,
    runner,
    runnerOptions,
    models,
    sandbox,
    audit,
    hooks,
    reports,
    begin: (text, sent) => beginMessage(store, text, sent),
    run,
    async say(text, sent) {
      const ran = await run(await beginMessage(store, text, sent), sent);
      await finish(store, ran);
      return ran;
    },
    entries: (windowId) => store.transcript.read(windowId),
    async [Symbol.asyncDispose]() {
      await opened?.[Symbol.asyncDispose]();
    },
  };
}

/** As the pipeline ends a turn. */
async function finish(store: Store, { turn, outcome, closing }: Ran): Promise<void> {
  await store.turns.finish(turn.id, { status: outcome.status, replies: [], closing });
}

function profilesOf(options: TestAgentOptions): ReadonlyMap<string, AgentProfile> {
  const changes = Object.entries({ main: options.profile, ...options.others });
  return new Map(changes.map(([id, change]) => [id, { ...defaultProfile, id, name: id, ...change }]));
}

async function runTurn(runner: TurnRunner, turn: Turn, sent: Sent = {}): Promise<Ran> {
  const events: TurnEvent[] = [];
  const emit = (event: TurnEvent): void => {
    events.push(event);
    sent.emit?.(event);
  };
  const run: TurnRun = {
    request: sent.request ?? {},
    takeJoined: async () => sent.takeJoined?.(turn),
    emit,
    signal: sent.signal ?? new AbortController().signal,
  };
  return { turn, events, ...(await runner.run(turn, run)) };
}

function withCalls(models: ScriptedModels | Models): ScriptedModels {
  return "calls" in models ? models : { ...models, calls: [], left: () => 0 };
}

function passedOn({ forwardedFrom }: Sent): { readonly forwardedFrom?: string } {
  return forwardedFrom === undefined ? {} : { forwardedFrom };
}

/** A turn with one message, as the pipeline begins it. */
async function beginMessage(store: Store, text: string, sent: Sent = {}): Promise<Turn> {
  const { principal = owner, label = ownerLabel, channel = "loopback", from = "loopback owner" } = sent;
  const account = "default";
  const agentId = sent.agentId ?? "main";
  const key = sent.sessionKey ?? `agent:${agentId}:main`;
  const { windowId } = await store.sessions.open({ key, agentId, principal, channel, account, label });
  const id = newId();
  const replyTo = { channel, account, recipient: "alice" };
  const body: EntryBody = { kind: "user", text, media: sent.media ?? [], from, inboxId: id, ...passedOn(sent) };
  const begun = await store.turns.begin(
    { id, sessionKey: key, windowId, agentId, principal, label, replyTo, inboxIds: [] },
    [{ windowId, turnId: id, label, body }],
  );
  return begun.turn;
}

function fileOf(files: Readonly<Record<string, string>>, name: string) {
  const text = files[name];
  return text === undefined ? [] : [{ name, text, bytes: text.length, sha256: sha256(text) }];
}

const exec = defineTool({
  name: "exec",
  description: "Runs a command.",
  input: z.object({ command: z.string().min(1) }),
  sideEffect: "exec",
  output: "own",
  timeoutMs: 5_000,
  propose: ({ command }, caller) => ({
    verb: "process.run",
    ...caller,
    resource: { command, cwd: ".", timeoutMs: 1_000, terminal: "none", mode: "foreground" },
  }),
  perform: async (grant, run) => {
    const result = await run.effects.sandbox.run(grant, run.onProgress, run.signal);
    return textOutput("output" in result ? result.output : result.processId);
  },
});

const read = defineTool({
  name: "read",
  description: "Reads a file.",
  input: z.object({ path: z.string().min(1) }),
  sideEffect: "read",
  output: "own",
  timeoutMs: 5_000,
  propose: ({ path }, caller) => ({
    verb: "file.read",
    ...caller,
    resource: { operation: "read", path, offset: 0, lines: 100 },
  }),
  perform: async (grant, run): Promise<ToolOutput> => {
    const result = await run.effects.sandbox.read(grant, run.signal);
    return textOutput(result.kind === "text" ? result.text : "");
  },
});

export const testTools: readonly Tool[] = [exec, read];
