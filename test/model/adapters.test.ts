import assert from "node:assert/strict";
import { test } from "node:test";
import type { AssistantPart } from "../../src/base/transcript.ts";
import type { ModelApi } from "../../src/model/model.ts";
import { callOf, collect, createTestModels, encodeAssistant, finishOf, tool } from "../faux/models.ts";
import { startFauxProvider } from "../faux/provider.ts";
import type { FauxAnswer } from "../faux/provider.ts";

const formats: readonly { readonly api: ModelApi; readonly path: string }[] = [
  { api: "anthropic-messages", path: "/v1" },
  { api: "openai-completions", path: "/v1" },
  { api: "openai-responses", path: "/v1" },
  { api: "google-generative-ai", path: "/v1beta" },
];

const answer: FauxAnswer = {
  thinking: { text: "I need the files.", signature: "c2lnbmVk" },
  text: "Grüße, 世界 🌍 – one moment.",
  calls: [
    { id: "call_1", name: "exec", input: '{"command":"ls -la"}' },
    { id: "call_2", name: "read", input: '{"path":"a.txt"}' },
  ],
  usage: { input: 90, output: 40, cacheRead: 10 },
};

const content: readonly AssistantPart[] = [
  { type: "reasoning", text: "I need the files." },
  { type: "text", text: "Grüße, 世界 🌍 – one moment." },
  { type: "tool_call", callId: "call_1", tool: "exec", input: { command: "ls -la" } },
  { type: "tool_call", callId: "call_2", tool: "read", input: { path: "a.txt" } },
];

/** What is the same for all of them: signatures are each provider's own. */
function withoutProvider(parts: readonly AssistantPart[]): readonly AssistantPart[] {
  return parts.map((part) => {
    const { provider: _provider, ...rest } = { provider: undefined, ...part };
    return rest;
  });
}

for (const { api, path } of formats) {
  for (const chunkBytes of [1, 3, 7, 4_096]) {
    test(`PRV-001 ${api} streams thoughts, text and parallel calls, in chunks of ${chunkBytes} bytes`, async (t) => {
      const faux = await startFauxProvider({ script: [{ ...answer, chunkBytes }] });
      t.after(() => faux.close());
      const { models } = createTestModels({ providers: [{ id: "p", api, baseUrl: `${faux.url}${path}` }] });
      const events = await collect(models, callOf(["p/m"], { tools: [tool("exec"), tool("read")] }));
      assert.deepEqual(events[0], { type: "attempt", provider: "p", model: "m", number: 1 });
      const text = events.flatMap((event) => (event.type === "text" ? [event.delta] : []));
      assert.equal(text.join(""), answer.text);
      const reasoning = events.flatMap((event) => (event.type === "reasoning" ? [event.delta] : []));
      assert.equal(reasoning.join(""), "I need the files.");
      const finish = events.at(-1);
      assert.ok(finish?.type === "finish");
      assert.deepEqual(withoutProvider(finish.content), content);
      assert.deepEqual(
        { ...finish, content: [] },
        {
          type: "finish",
          content: [],
          provider: "p",
          model: "m",
          stopReason: "tool_use",
          usage: {
            inputTokens: 90,
            outputTokens: 40,
            cacheReadTokens: 10,
            cacheWriteTokens: 0,
            costMicros: 0,
            estimated: false,
          },
        },
      );
    });
  }
}

for (const { api, path } of formats) {
  test(`PRV-013 ${api}: what the provider signed goes back to it unchanged`, async (t) => {
    const faux = await startFauxProvider({ script: [answer, { text: "Done." }] });
    t.after(() => faux.close());
    const models = [{ id: "m", reasoning: true }];
    const test = createTestModels({ providers: [{ id: "p", api, baseUrl: `${faux.url}${path}`, models }] });
    const first = await finishOf(test.models, callOf(["p/m"], { tools: [tool("exec")], thinking: "high" }));
    const prompt = [
      ...callOf([]).prompt,
      encodeAssistant(first.content),
      {
        role: "tool" as const,
        content: ["call_1", "call_2"].map((toolCallId) => ({
          type: "tool-result" as const,
          toolCallId,
          toolName: "exec",
          output: { type: "text" as const, value: "total 0" },
        })),
      },
    ];
    const second = await finishOf(test.models, callOf(["p/m"], { prompt, tools: [tool("exec")], thinking: "high" }));
    assert.deepEqual(withoutProvider(second.content), [{ type: "text", text: "Done." }]);
    const body = faux.requests[1]?.body ?? "";
    // Chat completions has no signatures; the thoughts of the running turn go back as text.
    assert.ok(body.includes(api === "openai-completions" ? "I need the files." : "c2lnbmVk"), body);
    for (const piece of ["call_1", "call_2", "total 0"])
      if (api !== "google-generative-ai" || piece === "total 0") assert.ok(body.includes(piece), `${piece} in ${body}`);
  });
}
