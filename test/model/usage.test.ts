import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Usage } from "../../src/base/transcript.ts";
import type { ConfiguredModel, ModelApi } from "../../src/model/model.ts";
import { callOf, collect, createTestModels, finishOf } from "../faux/models.ts";
import { startFauxProvider } from "../faux/provider.ts";
import type { FauxReply } from "../faux/provider.ts";

const priced: ConfiguredModel = { id: "m", cost: { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 } };
const long = "Nothing is lost, not even what a stream had cost before it died. ".repeat(8);

async function start(t: TestContext, api: ModelApi, reply: FauxReply, model: ConfiguredModel = priced) {
  const faux = await startFauxProvider({ script: [reply] });
  t.after(() => faux.close());
  const baseUrl = api === "google-generative-ai" ? `${faux.url}/v1beta` : `${faux.url}/v1`;
  return createTestModels({ providers: [{ id: "p", api, baseUrl, models: [model] }] }).models;
}

async function spentIn(t: TestContext, api: ModelApi, reply: FauxReply): Promise<Usage | undefined> {
  const models = await start(t, api, reply);
  try {
    for await (const event of models.stream(callOf(["p/m"]), new AbortController().signal))
      if (event.type === "spent") return event.usage;
  } catch {
    return undefined;
  }
  return undefined;
}

test("COST-004 what a provider told is counted exactly, each kind of token at its own price", async (t) => {
  const usage = { input: 1_000, output: 200, cacheRead: 5_000, cacheWrite: 400 };
  const models = await start(t, "anthropic-messages", { text: "Hi.", usage });
  assert.deepEqual((await finishOf(models, callOf(["p/m"]))).usage, {
    inputTokens: 1_000,
    outputTokens: 200,
    cacheReadTokens: 5_000,
    cacheWriteTokens: 400,
    costMicros: 3_000 + 3_000 + 1_500 + 1_500,
    estimated: false,
  });
});

test("COST-004 a price that is not known makes a cost that is not known", async (t) => {
  const faux = await startFauxProvider({ script: [{ text: "Hi." }] });
  t.after(() => faux.close());
  const litellm = { id: "litellm", api: "openai-completions" as const, baseUrl: `${faux.url}/v1` };
  const { models } = createTestModels({ providers: [litellm] });
  assert.equal((await finishOf(models, callOf(["litellm/m"]))).usage.costMicros, null);
});

test("COST-004 what the owner's own machine computes costs nothing", async (t) => {
  const faux = await startFauxProvider({ script: [{ text: "Hi." }] });
  t.after(() => faux.close());
  const ollama = { id: "ollama", api: "openai-completions" as const, baseUrl: `${faux.url}/v1` };
  const { models } = createTestModels({ providers: [ollama] });
  assert.equal((await finishOf(models, callOf(["ollama/qwen3-coder"]))).usage.costMicros, 0);
});

test("a provider that tells nothing is estimated, and that is said", async (t) => {
  const models = await start(t, "openai-completions", { text: long, usage: null });
  const { usage } = await finishOf(models, callOf(["p/m"]));
  assert.equal(usage.estimated, true);
  assert.equal(usage.outputTokens, Math.ceil(long.length / 4));
  assert.ok(usage.inputTokens > 5 && usage.inputTokens < 50);
  assert.equal(usage.costMicros, Math.round(usage.inputTokens * 3 + usage.outputTokens * 15));
});

test("a dead stream keeps what it had told of its input, and estimates the rest", async (t) => {
  const usage = { input: 1_234, output: 99, cacheRead: 700 };
  const spent = await spentIn(t, "anthropic-messages", { text: long, usage, broken: "truncate" });
  assert.ok(spent !== undefined);
  assert.deepEqual([spent.inputTokens, spent.cacheReadTokens, spent.estimated], [1_234, 700, true]);
  assert.ok(spent.outputTokens > 20 && spent.outputTokens < 200);
});

for (const api of ["openai-completions", "openai-responses", "google-generative-ai"] as const) {
  test(`${api}: a stream that died before it told is estimated and marked`, async (t) => {
    const spent = await spentIn(t, api, { text: long, broken: "truncate" });
    assert.ok(spent !== undefined);
    assert.equal(spent.estimated, true);
    assert.ok(spent.outputTokens > 20 && spent.inputTokens > 5);
  });
}

test("a request that was refused has cost nothing", async (t) => {
  const models = await start(t, "openai-completions", { status: 400 });
  const events: string[] = [];
  await assert.rejects(async () => {
    for await (const event of models.stream(callOf(["p/m"]), new AbortController().signal)) events.push(event.type);
  });
  assert.deepEqual(events, ["attempt"]);
});

test("what a router says it charged is the cost", async (t) => {
  const chunk = {
    id: "c",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta: { content: "Hi." }, finish_reason: "stop" }],
  };
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cost: 0.00125 };
  const body = [chunk, { ...chunk, choices: [], usage }].map((data) => `data: ${JSON.stringify(data)}\n\n`).join("");
  const models = await start(t, "openai-completions", { body: `${body}data: [DONE]\n\n` });
  assert.equal((await finishOf(models, callOf(["p/m"]))).usage.costMicros, 1_250);
});

test("COST-016 a prompt that is too long is refused before anything is sent", async (t) => {
  const faux = await startFauxProvider();
  t.after(() => faux.close());
  const provider = { id: "p", api: "openai-completions" as const, baseUrl: `${faux.url}/v1` };
  const text = "word ".repeat(20_000);
  const call = callOf(["p/m"], { prompt: [{ role: "user", content: [{ type: "text", text }] }] });
  const small = createTestModels({ providers: [{ ...provider, models: [{ id: "m", contextTokens: 8_192 }] }] });
  await assert.rejects(collect(small.models, call), {
    code: "too_large",
    message: /^p\/m cannot take a conversation of this length: about 25004 tokens, of at most 8192\. Shorten/,
  });
  const capped = createTestModels({
    providers: [{ ...provider, models: [{ id: "m", contextTokens: 1_000_000 }] }],
    inputTokensMax: 10_000,
  });
  await assert.rejects(collect(capped.models, call), { code: "too_large" });
  assert.equal(faux.requests.length, 0);
});

test("COST-016 the estimate learns from what calls of the session really took", async (t) => {
  const faux = await startFauxProvider({ script: [{ text: "Hi.", usage: { input: 10_000, output: 5 } }] });
  t.after(() => faux.close());
  const provider = { id: "p", api: "openai-completions" as const, baseUrl: `${faux.url}/v1` };
  const { models } = createTestModels({ providers: [{ ...provider, models: [{ id: "m", contextTokens: 200_000 }] }] });
  const prompt = [{ role: "user" as const, content: [{ type: "text" as const, text: "a".repeat(20_000) }] }];
  const call = callOf(["p/m"], { prompt });
  assert.equal(models.estimateTokens(call), 5_004);
  await finishOf(models, call);
  assert.equal(models.estimateTokens(call), 10_000);
  assert.equal(models.estimateTokens({ ...call, sessionKey: "agent:main:another" }), 5_004);
});

test("COST-010 an answer is capped by the caller, by config and by the model, whichever is least", async (t) => {
  const faux = await startFauxProvider();
  t.after(() => faux.close());
  const provider = { id: "p", api: "openai-completions" as const, baseUrl: `${faux.url}/v1` };
  const models = [{ id: "m", outputTokensMax: 8_000, contextTokens: 100_000 }];
  const free = createTestModels({ providers: [{ ...provider, models }] });
  const capped = createTestModels({
    providers: [{ ...provider, models }],
    options: { "p/m": { outputTokensMax: 500 } },
  });
  await finishOf(free.models, callOf(["p/m"]));
  await finishOf(capped.models, callOf(["p/m"]));
  await finishOf(capped.models, callOf(["p/m"], { outputTokensMax: 50 }));
  assert.deepEqual(
    faux.requests.map((request) => request.json.max_tokens),
    [8_000, 500, 50],
  );
});
