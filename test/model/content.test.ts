import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelCall } from "../../src/model/model.ts";
import { apis, callOf, finishOf, startModels } from "../faux/models.ts";
import type { Api } from "../faux/models.ts";

const thinkingCases: readonly {
  readonly api: Api;
  readonly model: string;
  readonly thinking: ModelCall["thinking"];
  readonly expected: Record<string, unknown>;
}[] = [
  {
    api: "anthropic-messages",
    model: "claude-haiku-4-5",
    thinking: "off",
    expected: { thinking: { type: "disabled" } },
  },
  {
    api: "anthropic-messages",
    model: "claude-haiku-4-5",
    thinking: "low",
    expected: { thinking: { type: "enabled", budget_tokens: 6_400 } },
  },
  {
    api: "anthropic-messages",
    model: "claude-opus-5-5",
    thinking: "high",
    expected: { thinking: { type: "adaptive", display: "summarized" }, output_config: { effort: "high" } },
  },
  {
    api: "anthropic-messages",
    model: "claude-opus-5-5",
    thinking: "adaptive",
    expected: { thinking: { type: "adaptive" } },
  },
  { api: "openai-completions", model: "gpt-oss", thinking: "off", expected: { reasoning_effort: "minimal" } },
  { api: "openai-completions", model: "gpt-oss", thinking: "high", expected: { reasoning_effort: "high" } },
  { api: "openai-completions", model: "llama3.2", thinking: "high", expected: {} },
  { api: "openai-responses", model: "gpt-5.6", thinking: "off", expected: { reasoning: { effort: "none" } } },
  { api: "openai-responses", model: "gpt-5.6", thinking: "medium", expected: { reasoning: { effort: "medium" } } },
];

for (const { api, model, thinking, expected } of thinkingCases) {
  test(`thinking ${thinking} for ${model} over ${api}`, async (t) => {
    const id = api === "anthropic-messages" ? "anthropic" : api === "openai-responses" ? "openai" : "p";
    const { models, faux } = await startModels(t, api, { id });
    await finishOf(models, callOf([`${id}/${model}`], { thinking }));
    const { thinking: thought, output_config, reasoning_effort, reasoning } = faux.requests[0]?.json ?? {};
    const seen = { thinking: thought, output_config, reasoning_effort, reasoning };
    assert.deepEqual(Object.fromEntries(Object.entries(seen).filter(([, value]) => value !== undefined)), expected);
  });
}

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const image = { type: "file", data: { type: "data", data: pixel }, mediaType: "image/png", filename: "a.png" } as const;

for (const api of apis) {
  test(`${api}: an image reaches a model that can see, from a person and from a tool`, async (t) => {
    const { models, faux } = await startModels(t, api, { models: [{ id: "m", images: true }] });
    await finishOf(models, callOf(["p/m"], { prompt: withImages }));
    const body = faux.requests[0]?.body ?? "";
    assert.equal(body.split(pixel).length - 1, 2);
  });

  test(`${api}: a model that cannot see is told what was attached`, async (t) => {
    const { models, faux } = await startModels(t, api);
    await finishOf(models, callOf(["p/m"], { prompt: withImages }));
    const body = faux.requests[0]?.body ?? "";
    assert.equal(body.includes(pixel), false);
    assert.equal(body.split("(a.png was attached, but this model cannot see images)").length - 1, 2);
  });
}

const withImages: ModelCall["prompt"] = [
  { role: "user", content: [{ type: "text", text: "Look." }, image] },
  { role: "assistant", content: [{ type: "tool-call", toolCallId: "functions.read:0", toolName: "read", input: {} }] },
  {
    role: "tool",
    content: [
      {
        type: "tool-result",
        toolCallId: "functions.read:0",
        toolName: "read",
        output: { type: "content", value: [{ type: "text", text: "a picture" }, image] },
      },
    ],
  },
];

test("PRV-003 ids of another provider are made fit, the same way in call and result", async (t) => {
  const { models, faux } = await startModels(t, "anthropic-messages");
  await finishOf(models, callOf(["p/m"], { prompt: withImages }));
  const messages = faux.requests[0]?.json.messages as readonly {
    readonly content: readonly Record<string, unknown>[];
  }[];
  const id = messages[1]?.content[0]?.id;
  assert.match(String(id), /^call_[0-9a-f]{32}$/);
  assert.equal(messages[2]?.content[0]?.tool_use_id, id);
});
