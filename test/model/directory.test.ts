import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogueOf, findFacts } from "../../src/model/catalog.ts";
import { createDirectory } from "../../src/model/directory.ts";
import { testSettings } from "../faux/models.ts";
import type { TestSettings } from "../faux/models.ts";

const anthropic = { id: "anthropic", api: "anthropic-messages", baseUrl: "https://api.anthropic.com/v1" } as const;
const ollama = { id: "ollama", api: "openai-completions", baseUrl: "http://127.0.0.1:11434/v1" } as const;
const openrouter = { id: "openrouter", api: "openai-completions", baseUrl: "https://openrouter.ai/api/v1" } as const;

function directory(change: Partial<TestSettings> = {}) {
  return createDirectory(testSettings({ providers: [anthropic, ollama, openrouter], ...change }));
}

test("PRV-008 a reference to nothing says what there is", () => {
  const { find } = directory({ options: { "anthropic/claude-opus-5-5": { alias: "opus" } } });
  assert.throws(() => find("antropic/claude"), {
    code: "not_found",
    message:
      "there is no model antropic/claude: write provider/model. Providers: anthropic, ollama, openrouter; aliases: opus",
  });
  assert.throws(() => find("nothing"), { code: "not_found" });
  assert.throws(() => find(""), { code: "not_found" });
  assert.throws(() => find("anthropic/"), { code: "not_found" });
});

test("PRV-008 where config names a provider's models, no other exists", () => {
  const models = [{ id: "a" }, { id: "b" }];
  const { find } = directory({ providers: [{ ...ollama, models, catalogue: "replace" }] });
  assert.equal(find("ollama/a").ref, "ollama/a");
  assert.throws(() => find("ollama/c"), {
    code: "not_found",
    message: "there is no model ollama/c. Config names these: ollama/a, ollama/b",
  });
});

test("an alias stands for its model", () => {
  const { find } = directory({ options: { "anthropic/claude-opus-5-5": { alias: "opus" } } });
  assert.equal(find("opus").ref, "anthropic/claude-opus-5-5");
});

test("a bare name is clear where exactly one provider has it", () => {
  const { find } = directory({
    providers: [anthropic, { ...ollama, models: [{ id: "ai/llama3.2" }] }, { ...openrouter, models: [{ id: "x" }] }],
  });
  assert.equal(find("claude-sonnet-5-5").ref, "anthropic/claude-sonnet-5-5");
  assert.equal(find("ai/llama3.2").ref, "ollama/ai/llama3.2");
  const two = directory({
    providers: [
      { ...ollama, models: [{ id: "x" }] },
      { ...openrouter, models: [{ id: "x" }] },
    ],
  });
  assert.throws(() => two.find("x"), { message: "several providers have x; write one of ollama/x, openrouter/x" });
});

test("PRV-019 COST-005 each function of an agent has its own models, and else the main ones", () => {
  const { candidates } = directory({
    defaults: { main: ["anthropic/claude-opus-5-5", "ollama/m"], heartbeat: ["ollama/m"] },
    agents: new Map([["coder", { main: ["openrouter/auto"], compaction: ["anthropic/claude-haiku-4-5"] }]]),
  });
  assert.deepEqual(candidates("main", "main"), ["anthropic/claude-opus-5-5", "ollama/m"]);
  assert.deepEqual(candidates("main", "heartbeat"), ["ollama/m"]);
  assert.deepEqual(candidates("main", "image"), ["anthropic/claude-opus-5-5", "ollama/m"]);
  assert.deepEqual(candidates("coder", "compaction"), ["anthropic/claude-haiku-4-5"]);
  assert.deepEqual(candidates("coder", "subagent"), ["openrouter/auto"]);
});

test("what config leaves out of a model is the catalogue's, price by price", () => {
  const known = directory().describe("anthropic/claude-opus-5-5");
  const listed = (model: object) =>
    directory({ providers: [{ ...anthropic, models: [{ id: "claude-opus-5-5", ...model }] }] }).describe(
      "anthropic/claude-opus-5-5",
    );
  assert.deepEqual(listed({}), known);
  assert.deepEqual(listed({ cost: { input: 3 } }), { ...known, cost: { ...known?.cost, input: 3 } });
  const unknown = directory({ providers: [{ ...openrouter, models: [{ id: "x", cost: { input: 3, output: 9 } }] }] });
  assert.deepEqual(unknown.describe("openrouter/x")?.cost, { input: 3, output: 9, cacheRead: 3, cacheWrite: 3 });
});

test("config overrides the catalogue field by field", () => {
  const cost = { input: 1, output: 2, cacheRead: 0.1, cacheWrite: 1 };
  const models = [{ id: "claude-opus-5-5", contextTokens: 50_000, cost }];
  const { describe } = directory({ providers: [{ ...anthropic, models }] });
  assert.deepEqual(describe("anthropic/claude-opus-5-5"), {
    provider: "anthropic",
    id: "claude-opus-5-5",
    name: "Claude Opus 5.5",
    contextTokens: 50_000,
    outputTokensMax: 128_000,
    reasoning: true,
    images: true,
    cost,
  });
});

test("a model that nothing is known of is given little", () => {
  const { describe } = directory();
  assert.deepEqual(describe("openrouter/some/model"), {
    provider: "openrouter",
    id: "some/model",
    name: "some/model",
    contextTokens: 32_768,
    outputTokensMax: 4_096,
    reasoning: false,
    images: false,
    cost: null,
  });
});

test("the recommended local models are known, however a local server spells them", () => {
  const names = ["glm-4.7-flash", "qwen3-coder:30b", "gpt-oss:20b", "ai/qwen2.5-coder", "ai/llama3.2", "ai/mistral"];
  for (const name of [...names, "ai/gemma2", "ai/phi-4", "ai/deepseek-r1"])
    assert.ok(findFacts("ollama", name) !== undefined, name);
  assert.equal(findFacts("ollama", "ai/gemma2")?.contextTokens, 8_192);
  assert.equal(findFacts("ollama", "llama3.20"), undefined);
});

test("PRV-016 COST-006 a router's variants and its own choice are passed on as they are", () => {
  const { find } = directory();
  assert.equal(find("openrouter/auto").wireId, "openrouter/auto");
  assert.equal(find("openrouter/qwen/qwen3-coder:nitro").wireId, "qwen/qwen3-coder:nitro");
  assert.equal(find("openrouter/qwen/qwen3-coder:floor").info.cost, null);
  assert.deepEqual(find("openrouter/qwen/qwen3-coder:free").info.cost, {
    input: 0,
    output: 0,
    cacheRead: 0,
    cacheWrite: 0,
  });
});

test("a model behind a router has its maker's limits, and the router's own price", () => {
  const { describe } = directory();
  for (const id of ["anthropic/claude-sonnet-4.6", "anthropic/claude-sonnet-4-6:nitro"]) {
    const info = describe(`openrouter/${id}`);
    assert.deepEqual([info?.contextTokens, info?.images, info?.cost], [1_000_000, true, null], id);
  }
  assert.equal(describe("openrouter/anthropic/claude-unheard-of")?.contextTokens, 32_768);
});

test("a dated name is the same model, and another model is not", () => {
  assert.equal(findFacts("anthropic", "claude-haiku-4-5-20251001")?.name, "Claude Haiku 4.5");
  assert.equal(findFacts("anthropic", "claude-haiku-4-56"), undefined);
});

test("the catalogue holds no impossible figure", () => {
  for (const provider of ["anthropic", "openai", "google"]) {
    assert.ok(catalogueOf(provider).length >= 5);
    for (const { id, contextTokens, outputTokensMax, cost } of catalogueOf(provider)) {
      assert.ok(outputTokensMax > 0 && outputTokensMax <= contextTokens, id);
      assert.ok(cost === null || (cost.cacheRead < cost.input && cost.input < cost.output), id);
    }
  }
});
