// Models as main builds them, with the real plugins and policy, on a way out that leads to loopback only.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { anthropic } from "../../plugins/anthropic/anthropic.ts";
import { google } from "../../plugins/google/google.ts";
import { openai } from "../../plugins/openai/openai.ts";
import { rehearsal } from "../../plugins/rehearsal/rehearsal.ts";
import type { AuditRecord } from "../../src/audit/audit.ts";
import type { ModelRequest } from "../../src/base/action.ts";
import { LoricaError } from "../../src/base/errors.ts";
import { isRecord } from "../../src/base/json.ts";
import type { Json } from "../../src/base/json.ts";
import { owner } from "../../src/base/principal.ts";
import type { AssistantPart } from "../../src/base/transcript.ts";
import { abortError } from "../../src/base/wait.ts";
import type { Egress, EgressRequest } from "../../src/egress/egress.ts";
import { createModels } from "../../src/model/model.ts";
import type {
  ConfiguredProvider,
  ModelCall,
  ModelEvent,
  Models,
  ModelService,
  ModelsSettings,
  ProviderDefinition,
} from "../../src/model/model.ts";
import { createPolicy } from "../../src/policy/policy.ts";
import type { Policy, Rule } from "../../src/policy/policy.ts";
import { createTestClock } from "./clock.ts";
import { startFauxProvider } from "./provider.ts";
import type { FauxProvider, FauxReply } from "./provider.ts";

export type TestModels = {
  readonly models: ModelService;
  readonly clock: ReturnType<typeof createTestClock>;
  /** What was sent, as the broker would see it. */
  readonly sent: readonly Sent[];
  readonly audit: readonly AuditRecord[];
};

export type Sent = { readonly resource: ModelRequest } & EgressRequest;

export type TestSettings = {
  readonly providers: readonly (Pick<ConfiguredProvider, "id" | "api" | "baseUrl"> & Partial<ConfiguredProvider>)[];
  readonly rules?: readonly Rule[];
  readonly definitions?: readonly ProviderDefinition[];
} & Partial<Omit<ModelsSettings, "providers">>;

export const allowModels: Rule = {
  name: "test.models",
  judge: (action) => (action.verb === "model.request" ? { kind: "allow", rule: "test.models" } : undefined),
};

export function createTestModels(given: TestSettings): TestModels {
  const clock = createTestClock();
  const policy = createPolicy({ rules: given.rules ?? [allowModels], clock });
  const sent: Sent[] = [];
  const audit: AuditRecord[] = [];
  const shipped = [anthropic, openai, google, rehearsal].flatMap((plugin) => plugin.providers ?? []);
  const providers = given.definitions ?? shipped;
  const egress = createLoopbackEgress(policy, sent);
  const effects = { egress, policy, clock, audit: { record: (record: AuditRecord) => void audit.push(record) } };
  return { models: createModels({ ...effects, providers, settings: testSettings(given) }), clock, sent, audit };
}

export function testSettings(given: TestSettings): ModelsSettings {
  return {
    options: {},
    agents: new Map(),
    defaults: { main: [] },
    userAgent: "lorica-test/1",
    ...given,
    timeouts: { retryMs: 1, ...given.timeouts },
    providers: given.providers.map((provider) => ({
      headers: {},
      params: {},
      timeoutMs: 0,
      models: [],
      catalogue: "merge",
      ...provider,
    })),
  };
}

/** Real HTTP, to loopback only; redeems the grant as the real way out does. */
export function createLoopbackEgress(policy: Policy, sent: Sent[] = []): Egress {
  return {
    async fetch(grant, request, signal) {
      const { resource } = policy.redeem(grant).action as { readonly resource: ModelRequest };
      sent.push({ resource, ...request });
      if (new URL(resource.url).hostname !== "127.0.0.1") throw new LoricaError("forbidden", "loopback only");
      try {
        const body = request.body === undefined ? {} : { body: new Uint8Array(request.body) };
        const response = await fetch(resource.url, {
          method: resource.method,
          headers: request.headers,
          signal,
          ...body,
        });
        return {
          status: response.status,
          headers: Object.fromEntries(response.headers),
          body: response.body ?? new ReadableStream({ start: (controller) => controller.close() }),
        };
      } catch (cause) {
        if (signal.aborted) throw abortError(signal);
        throw new LoricaError("unavailable", `cannot connect to ${new URL(resource.url).host}`, { cause });
      }
    },
  };
}

export function callOf(candidates: readonly string[], change: Partial<ModelCall> = {}): ModelCall {
  return {
    agentId: "main",
    sessionKey: "agent:main:main",
    principal: owner,
    label: { integrity: "owner", readers: ["owner"] },
    candidates,
    prompt: [
      { role: "system", content: "You are a test." },
      { role: "user", content: [{ type: "text", text: "Hello" }] },
    ],
    tools: [],
    thinking: "off",
    outputTokensMax: undefined,
    rehearsal: undefined,
    ...change,
  };
}

export async function collect(
  models: Models,
  call: ModelCall,
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly ModelEvent[]> {
  const events: ModelEvent[] = [];
  for await (const event of models.stream(call, signal)) events.push(event);
  return events;
}

/** The last event of a call that succeeded. */
export async function finishOf(
  models: Models,
  call: ModelCall,
  signal?: AbortSignal,
): Promise<Extract<ModelEvent, { type: "finish" }>> {
  const last = (await collect(models, call, signal)).at(-1);
  if (last?.type !== "finish") throw new Error(`the call ended with ${last?.type ?? "nothing"}`);
  return last;
}

export function tool(name: string, properties: Record<string, Json> = {}): ModelCall["tools"][number] {
  return { type: "function", name, description: name, inputSchema: { type: "object", properties } as never };
}

/** An assistant's answer as it goes back into a prompt, with the signatures that its provider wants back unchanged. */
export function encodeAssistant(parts: readonly AssistantPart[]): AssistantMessage {
  return { role: "assistant", content: parts.map(encodePart) };
}

function encodePart(part: AssistantPart): AssistantMessage["content"][number] {
  const options = isRecord(part.provider) ? { providerOptions: part.provider as Metadata } : {};
  if (part.type === "tool_call")
    return { type: "tool-call", toolCallId: part.callId, toolName: part.tool, input: part.input, ...options };
  return { type: part.type, text: part.text, ...options };
}

type AssistantMessage = Extract<ModelCall["prompt"][number], { role: "assistant" }>;
type Metadata = NonNullable<AssistantMessage["providerOptions"]>;

export type Pair = TestModels & { readonly first: FauxProvider; readonly second: FauxProvider };

export const both = ["first/m", "second/m"];

/** `first/m` says `replies`, `second/m` always answers. Only who waits for a silence says how long it may be. */
export async function startPair(
  t: TestContext,
  replies: readonly FauxReply[],
  silenceMs: number | undefined = undefined,
): Promise<Pair> {
  const first = await startFauxProvider({ script: replies });
  const second = await startFauxProvider({ script: [{ text: "From the second." }] });
  t.after(() => Promise.all([first.close(), second.close()]));
  const made = createTestModels({
    providers: [
      { id: "first", api: "openai-completions", baseUrl: `${first.url}/v1` },
      { id: "second", api: "anthropic-messages", baseUrl: second.url },
    ],
    timeouts: silenceMs === undefined ? {} : { firstByteMs: silenceMs, stallMs: silenceMs },
  });
  return { ...made, first, second };
}

export async function failureOf(run: Promise<unknown>): Promise<LoricaError> {
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof LoricaError, String(error));
  return error;
}

export type Api = TestSettings["providers"][number]["api"];

export const apis = ["anthropic-messages", "openai-completions", "openai-responses", "google-generative-ai"] as const;

/** Models of one provider that answers what a test says, over its own wire format. */
export async function startModels(
  t: TestContext,
  api: Api,
  change: Partial<TestSettings["providers"][number]> & {
    readonly settings?: Partial<TestSettings>;
    readonly reply?: FauxReply;
  } = {},
): Promise<TestModels & { readonly faux: FauxProvider }> {
  const { settings, reply = { text: "Hi." }, ...provider } = change;
  const faux = await startFauxProvider({ script: [reply] });
  t.after(() => faux.close());
  const baseUrl = `${faux.url}${api === "google-generative-ai" ? "/v1beta" : "/v1"}`;
  return { ...createTestModels({ providers: [{ id: "p", api, baseUrl, ...provider }], ...settings }), faux };
}
